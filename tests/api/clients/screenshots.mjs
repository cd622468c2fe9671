// What a person sees: each picture waits for what it shows.
import { mkdirSync, writeFileSync } from "node:fs";
import { chromium } from "playwright-core";

const [, , base, locked, root, folder, executablePath] = process.argv;
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"] });
const problems = [];
const open = async (width, height, url = base) => {
  const context = await browser.newContext({ viewport: { width, height }, deviceScaleFactor: 1 });
  const page = await context.newPage();
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (message) => message.type() === "error" && !/favicon|401/.test(message.text() + message.location().url) && problems.push(message.text() + " " + message.location().url));
  await page.goto(url + "/");
  return page;
};
const picture = async (page, name, fullPage = true) => {
  await page.evaluate(() => Promise.all([...document.images].filter((one) => !one.complete && one.loading !== "lazy").map((one) => new Promise((done) => (one.onload = one.onerror = done)))));
  if (fullPage) await page.evaluate(() => scrollTo(0, 0));
  await page.screenshot({ path: `${folder}/${name}.png`, fullPage });
  console.log("picture  " + name);
};
const post = async (path, body) => {
  const answer = await fetch(base + path, { method: "POST", body: JSON.stringify(body) });
  const json = await answer.json();
  if (!answer.ok) throw new Error(path + ": " + json.error);
  return json;
};
const complete = (page) => page.locator(".status", { hasText: "Complete" }).first().waitFor({ timeout: 180_000 });

const desk = await open(1440, 900);
await desk.locator(".empty").waitFor();
await picture(desk, "1_home_empty");

// Through the form, as a person does.
await desk.locator("#prompt").fill("An old lighthouse keeper lights the harbor lamp one last time. Fog rolls in over the moored boats at dusk; a small boat answers with its own light. The keeper smiles, and closes the logbook.");
await desk.getByText("Length and picture").click();
await desk.locator("#scenes").fill("6");
await desk.getByRole("button", { name: "Start the film" }).click();
await desk.locator(".stages").waitFor();
await desk.locator(".shot").first().waitFor({ timeout: 60_000 });
await picture(desk, "2_film_planned");
await desk.locator(".shot .status[data-is=work]").first().waitFor({ timeout: 120_000 });
await desk.locator(".shot .status[data-is=done]").nth(1).waitFor({ timeout: 120_000 });
await picture(desk, "3_film_shooting");
const film = desk.url().split("/").pop();
await complete(desk);
await desk.waitForFunction(() => document.querySelector(".screen video").readyState >= 2);
await desk.waitForTimeout(2500);
await picture(desk, "4_film_complete");

await desk.locator(".shot").nth(1).click();
await desk.locator("#retake").fill("Wide shot, high angle, slow crane: fog closes behind each step; the keeper climbs the iron stairs with the brass lantern.");
await desk.getByRole("button", { name: "Another take" }).click();
await desk.locator(".take").nth(1).waitFor({ timeout: 60_000 });
await complete(desk);
await desk.evaluate(() => document.getElementById("notes").replaceChildren());
await desk.waitForTimeout(1500);
await picture(desk, "5_scene_open");
await desk.locator(".take:not(.circled) button").click();
await desk.locator(".notice").waitFor();
await picture(desk, "6_circled_another", false);

await post("/api/video/start?wait=10", { projectId: "asks", creativePrompt: "A diver finds a piano on the sea floor and plays the song her mother taught her.", maxScenes: 3 });
// A file where its frames should go: the studio fails, and a person is asked.
mkdirSync(`${root}/films/asks/images`, { recursive: true });
writeFileSync(`${root}/films/asks/images/frames`, "in the way");
const asks = await open(1440, 900, base);
await asks.goto(base + "/#/film/asks");
await asks.locator(".question").waitFor({ timeout: 120_000 });
await picture(asks, "7_question");

await post("/api/video/start", { projectId: "held", creativePrompt: "Two sisters repaint their father's fishing boat before the first storm of autumn.", maxScenes: 4 });
await post("/api/video/stop?wait=10", { projectId: "held" });
await desk.goto(base + "/#/");
await desk.locator(".card").nth(2).waitFor();
await desk.waitForTimeout(1500);
await picture(desk, "8_home_films");

const phone = await open(390, 844);
await phone.locator(".card").first().waitFor();
await phone.waitForTimeout(800);
await picture(phone, "9_phone_home");
await phone.goto(base + "/#/film/" + film + "/scene/1");
await phone.locator(".take").first().waitFor();
await phone.waitForTimeout(1500);
await picture(phone, "10_phone_film");

const stranger = await open(1100, 700, locked);
await stranger.locator("#token").waitFor();
await picture(stranger, "11_sign_in");
await stranger.locator("#token").fill("k".repeat(40));
await stranger.getByRole("button", { name: "Sign in" }).click();
await stranger.locator(".empty").waitFor();
await stranger.getByRole("button", { name: "Sign out" }).click();
await stranger.locator("#token").waitFor();

for (const page of [desk, phone, asks]) {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
  if (wide) problems.push("scrolls sideways: " + page.url());
}
await browser.close();
problems.forEach((one) => console.log("PROBLEM  " + one));
process.exitCode = problems.length ? 1 : 0;
