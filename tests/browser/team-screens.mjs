// Takes the pictures of the team pages from a server of `make demo`: node tests/browser/team-screens.mjs ORIGIN NAME PASSWORD [FOLDER]
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { SOURCE, needBrowser, openBrowser } from "./browser.mjs";

const [origin, name, password, folder = join(SOURCE, "docs", "screens")] = process.argv.slice(2);
if (!password) {
  console.error("usage: node tests/browser/team-screens.mjs ORIGIN NAME PASSWORD [FOLDER]");
  process.exit(2);
}
needBrowser();
mkdirSync(folder, { recursive: true });

const browser = await openBrowser();
try {
  const context = await browser.newContext(), page = await context.newPage();
  await page.goto(`${origin}/team/sign-in`);
  await page.fill("#name", name);
  await page.fill("#password", password);
  await page.keyboard.press("Enter");
  await page.waitForURL(`${origin}/team`);
  const storageState = await context.storageState();
  await page.goto(`${origin}/team/campaigns`);
  const plan = await page.evaluate(() => [...document.querySelectorAll("td a[href^='/team/plans/term-deposit']")][0].getAttribute("href"));
  const SHOTS = [
    { file: "team-plan.png", path: plan, width: 1180, height: 1000, scheme: "light" },
    { file: "team-phone.png", path: plan, width: 390, height: 844, scheme: "light" },
    { file: "team-fairness.png", path: "/team/fairness", width: 1180, height: 1000, scheme: "dark" },
    { file: "team-model.png", path: "/team/models/subscribe", width: 1180, height: 1000, scheme: "light", from: "h2:has-text('What each feature adds')" },
  ];
  for (const shot of SHOTS) {
    const seen = await browser.newContext({ viewport: { width: shot.width, height: shot.height }, colorScheme: shot.scheme, reducedMotion: "reduce", storageState }), one = await seen.newPage();
    await one.goto(origin + shot.path);
    await one.waitForFunction(() => [...document.querySelectorAll("[data-chart]")].every((chart) => chart.querySelector("canvas")));
    if (shot.from) await one.locator(shot.from).evaluate((element) => scrollTo(0, element.getBoundingClientRect().top + scrollY - 24));
    const path = join(folder, shot.file);
    await one.screenshot({ path });
    console.log(`${path}: ${Math.round(statSync(path).size / 1024)} KiB`);
    await seen.close();
  }
} finally {
  await browser.close();
}
