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
const signIn = async (as) => {
  const context = await browser.newContext(), page = await context.newPage();
  await page.goto(`${origin}/team/sign-in`);
  await page.fill("#name", as);
  await page.fill("#password", password);
  await page.keyboard.press("Enter");
  await page.waitForURL(`${origin}/team`);
  return page;
};
try {
  const page = await signIn(name), storageState = await page.context().storageState();
  await page.goto(`${origin}/team/campaigns`);
  const plan = await page.evaluate(() => [...document.querySelectorAll("td a[href^='/team/plans/term-deposit']")][0].getAttribute("href"));
  /* The demonstration's marketer asks that the stopped plan goes out, so that the phone shows the answer to give. */
  const asks = await signIn("marketer");
  await asks.goto(origin + plan);
  if (await asks.locator("#reason").count()) {
    await asks.fill("#reason", "People over sixty ask for deposits far more often; a person should look.");
    await asks.getByRole("button", { name: "Ask for approval" }).click();
  }
  const SHOTS = [
    { file: "team-today.png", path: "/team", width: 1180, height: 900, scheme: "light" },
    { file: "team-plan.png", path: plan, width: 1180, height: 1000, scheme: "light", from: "#fairness" },
    { file: "team-fairness.png", path: "/team/fairness", width: 1180, height: 1000, scheme: "dark" },
    { file: "team-model.png", path: "/team/models/subscribe", width: 1180, height: 1000, scheme: "light", from: "h2:has-text('What each feature adds')" },
    { file: "team-policy.png", path: "/team/policy", width: 1180, height: 1000, scheme: "dark" },
    { file: "team-phone.png", path: plan, width: 390, height: 844, scheme: "light", from: ".gate" },
    { file: "team-phone-results.png", path: "/team/campaigns/spring-letter", width: 390, height: 844, scheme: "dark", from: "h3:has-text('Who benefits')" },
  ];
  for (const shot of SHOTS) {
    const seen = await browser.newContext({ viewport: { width: shot.width, height: shot.height }, colorScheme: shot.scheme, reducedMotion: "reduce", storageState }), one = await seen.newPage();
    await one.goto(origin + shot.path);
    await one.waitForFunction(() => [...document.querySelectorAll("[data-chart]")].every((chart) => chart.querySelector("canvas")));
    if (shot.from) await one.locator(shot.from).first().evaluate((element) => scrollTo(0, element.getBoundingClientRect().top + scrollY - 24));
    const path = join(folder, shot.file);
    await one.screenshot({ path });
    console.log(`${path}: ${Math.round(statSync(path).size / 1024)} KiB`);
    await seen.close();
  }
} finally {
  await browser.close();
}
