"""The npm clients, installed outside the source tree: into a temporary folder, or into one that is kept."""
import contextlib, pathlib, shutil, subprocess, tempfile

CLIENTS = pathlib.Path(__file__).resolve().parent / "clients"


@contextlib.contextmanager
def clients(kept=None):
    folder = pathlib.Path(kept or tempfile.mkdtemp(prefix="workprint_npm_"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        for path in CLIENTS.iterdir():
            shutil.copy(path, folder)
        done = subprocess.run(["npm", "install", "--prefer-offline", "--no-audit", "--no-fund", "--silent"], cwd=folder, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError("npm install failed: " + (done.stderr + done.stdout)[-2000:])
        yield folder
    finally:
        if not kept:
            shutil.rmtree(folder, ignore_errors=True)
