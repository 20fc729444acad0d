// The report of a scan in a real browser: accessible, without script and requests, on a phone and in the dark. $EVENHAND is the program.
// Ends with 77 when there is no browser.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { SOURCE, axePath, needBrowser, openBrowser, privateFolder } from "./browser.mjs";

needBrowser();

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const FIXTURES = join(SOURCE, "tests", "golden", "fixtures");
const axe = readFileSync(axePath(), "utf8"), folder = privateFolder();
let failed = 0, passed = 0;
const check = (name, ok, detail) => {
  if (ok) passed++;
  else {
    failed++;
    console.log(`FAILED ${name}: ${detail}`);
  }
};

const report = (name, file, options) => {
  const run = spawnSync(process.env.EVENHAND, ["scan", join(FIXTURES, file), "--format", "html", "--output", join(folder, name), "--quiet", ...options], { encoding: "utf8" });
  if (![0, 1, 3].includes(run.status)) throw new Error(`evenhand scan failed with ${run.status}: ${run.stderr}`);
  return { name, path: join(folder, `${name}.html`) };
};

const reports = [
  report("found", "hidden.csv", ["--decision", "sent"]),
  report("nothing", "hidden.csv", ["--decision", "bought", "--over", "zip,newbie,channel"]),
  report("unsure", "few.csv", ["--decision", "sent"]),
  report("hostile", "hostile.csv", ["--decision", "sent"]),
];
const browser = await openBrowser();
try {
  for (const { name, path } of reports)
    for (const [width, colorScheme] of [[1280, "light"], [1280, "dark"], [360, "light"], [360, "dark"]]) {
      const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
      const requests = [];
      page.on("request", (request) => requests.push(request.url()));
      await page.goto(`file://${path}`);
      await page.evaluate(axe);
      const result = await page.evaluate((tags) => globalThis.axe.run(document, { runOnly: { type: "tag", values: tags }, resultTypes: ["violations"] }), TAGS);
      const facts = await page.evaluate(() => ({
        over: document.documentElement.scrollWidth - document.documentElement.clientWidth, scripts: document.scripts.length, title: document.title,
      }));
      const place = `${name} ${width} px, ${colorScheme}`;
      check(`${place}: axe`, result.violations.length === 0, result.violations.map((found) => `${found.id}: ${found.nodes[0].html.slice(0, 160)}`).join("\n"));
      check(`${place}: fits`, facts.over <= 0, `${facts.over} px too wide`);
      check(`${place}: no script`, facts.scripts === 0 && facts.title.startsWith("Hidden groups"), JSON.stringify(facts));
      check(`${place}: asks for nothing`, requests.filter((url) => !url.startsWith("data:")).length === 1, requests.join(", "));
      await page.close();
    }
} finally {
  await browser.close();
}
console.log(`scan report: ${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
