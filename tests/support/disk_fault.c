/* A disk that fails: preloaded into the real program by tests/crash/disk_faults.
 *
 * Counts the calls of one kind on files under a folder, and makes the n-th fail, or all from the n-th on.
 *   DISK_FAULT_UNDER=/folder            only files below it
 *   DISK_FAULT_CALL=write|sync|rename|link|truncate
 *   DISK_FAULT_ERRNO=EIO|ENOSPC
 *   DISK_FAULT_AT=n  or  DISK_FAULT_FROM=n     counted from 1 over all threads; neither: nothing fails
 *   DISK_FAULT_TRACE=/file              appends "<kind> <path>" for each call of every kind
 * A full disk takes the first half of the n-th write and refuses what comes next, as real ones do.
 * Paths are looked up by descriptor at the time of the call, so files opened below a folder's descriptor count too.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static const char *under, *call, *trace_path;
static int code;
static long at, from;
static int trace = -1;
static atomic_long crossings;

static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_writev)(int, const struct iovec *, int);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_fsync)(int), (*real_fdatasync)(int), (*real_ftruncate)(int, off_t);
static int (*real_rename)(const char *, const char *), (*real_link)(const char *, const char *);
static int (*real_renameat)(int, const char *, int, const char *);
static int (*real_renameat2)(int, const char *, int, const char *, unsigned);
static int (*real_linkat)(int, const char *, int, const char *, int);

static long number(const char *name) {
  const char *text = getenv(name);
  return text != NULL ? strtol(text, NULL, 10) : 0;
}

__attribute__((constructor)) static void begin(void) {
  *(void **)&real_write = dlsym(RTLD_NEXT, "write");
  *(void **)&real_writev = dlsym(RTLD_NEXT, "writev");
  *(void **)&real_pwrite = dlsym(RTLD_NEXT, "pwrite");
  *(void **)&real_fsync = dlsym(RTLD_NEXT, "fsync");
  *(void **)&real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
  *(void **)&real_ftruncate = dlsym(RTLD_NEXT, "ftruncate");
  *(void **)&real_rename = dlsym(RTLD_NEXT, "rename");
  *(void **)&real_renameat = dlsym(RTLD_NEXT, "renameat");
  *(void **)&real_renameat2 = dlsym(RTLD_NEXT, "renameat2");
  *(void **)&real_link = dlsym(RTLD_NEXT, "link");
  *(void **)&real_linkat = dlsym(RTLD_NEXT, "linkat");
  call = getenv("DISK_FAULT_CALL");
  at = number("DISK_FAULT_AT");
  from = number("DISK_FAULT_FROM");
  const char *name = getenv("DISK_FAULT_ERRNO");
  code = name != NULL && strcmp(name, "ENOSPC") == 0 ? ENOSPC : EIO;
  trace_path = getenv("DISK_FAULT_TRACE");
  if (trace_path != NULL) trace = open(trace_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  under = getenv("DISK_FAULT_UNDER"); /* last: it arms the rest */
}

static bool is_under(const char *path) {
  const size_t length = strlen(under);
  return strncmp(path, under, length) == 0 && path[length] == '/';
}

/* The path a descriptor, or a name below a folder's descriptor, stands for. */
static bool path_of(int fd, const char *name, char *path) {
  if (name != NULL && name[0] == '/') {
    snprintf(path, PATH_MAX, "%s", name);
    return true;
  }
  char link_name[64];
  if (fd == AT_FDCWD)
    snprintf(link_name, sizeof link_name, "/proc/self/cwd");
  else
    snprintf(link_name, sizeof link_name, "/proc/self/fd/%d", fd);
  const ssize_t length = readlink(link_name, path, PATH_MAX - 1);
  if (length < 0) return false;
  path[length] = '\0';
  if (name != NULL) {
    strncat(path, "/", PATH_MAX - 1 - strlen(path));
    strncat(path, name, PATH_MAX - 1 - strlen(path));
  }
  return true;
}

enum verdict { passes, is_cut_short, fails };

static enum verdict judge(const char *kind, int fd, const char *name) {
  const int before = errno;
  char path[PATH_MAX];
  if (under == NULL || !path_of(fd, name, path) || !is_under(path)) {
    errno = before;
    return passes;
  }
  if (trace >= 0) {
    char line[PATH_MAX + 32];
    const int length = snprintf(line, sizeof line, "%s %s\n", kind, path);
    if (real_write(trace, line, (size_t)length) != length) abort(); /* a trace with holes would misplace every fault */
  }
  errno = before;
  if (call == NULL || strcmp(kind, call) != 0) return passes;
  const long n = atomic_fetch_add(&crossings, 1) + 1;
  const bool is_full = code == ENOSPC && strcmp(kind, "write") == 0;
  if (at > 0 && (n == at || (is_full && n == at + 1))) return is_full && n == at ? is_cut_short : fails;
  if (from > 0 && n >= from) return is_full && n == from ? is_cut_short : fails;
  return passes;
}

static int refuse(void) {
  errno = code;
  return -1;
}

ssize_t write(int fd, const void *bytes, size_t size) {
  switch (judge("write", fd, NULL)) {
    case passes: break;
    case is_cut_short: if (size > 1) return real_write(fd, bytes, size / 2); /* fall through */
    case fails: return refuse();
  }
  return real_write(fd, bytes, size);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  return judge("write", fd, NULL) == passes ? real_writev(fd, parts, count) : refuse();
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t place) {
  switch (judge("write", fd, NULL)) {
    case passes: break;
    case is_cut_short: if (size > 1) return real_pwrite(fd, bytes, size / 2, place); /* fall through */
    case fails: return refuse();
  }
  return real_pwrite(fd, bytes, size, place);
}
ssize_t pwrite64(int fd, const void *bytes, size_t size, off_t place) { return pwrite(fd, bytes, size, place); }

int fsync(int fd) { return judge("sync", fd, NULL) == passes ? real_fsync(fd) : refuse(); }
int fdatasync(int fd) { return judge("sync", fd, NULL) == passes ? real_fdatasync(fd) : refuse(); }

int ftruncate(int fd, off_t size) { return judge("truncate", fd, NULL) == passes ? real_ftruncate(fd, size) : refuse(); }
int ftruncate64(int fd, off_t size) { return ftruncate(fd, size); }

int rename(const char *old, const char *fresh) {
  return judge("rename", AT_FDCWD, fresh) == passes ? real_rename(old, fresh) : refuse();
}
int renameat(int old_folder, const char *old, int folder, const char *fresh) {
  return judge("rename", folder, fresh) == passes ? real_renameat(old_folder, old, folder, fresh) : refuse();
}
int renameat2(int old_folder, const char *old, int folder, const char *fresh, unsigned flags) {
  return judge("rename", folder, fresh) == passes ? real_renameat2(old_folder, old, folder, fresh, flags) : refuse();
}
int link(const char *old, const char *fresh) {
  return judge("link", AT_FDCWD, fresh) == passes ? real_link(old, fresh) : refuse();
}
int linkat(int old_folder, const char *old, int folder, const char *fresh, int flags) {
  return judge("link", folder, fresh) == passes ? real_linkat(old_folder, old, folder, fresh, flags) : refuse();
}
