// The report of a check in a real browser: accessible, a table beside every chart, readable on a phone, in the dark, and without script. $EVENHAND is the
// program. Ends with 77 when there is no browser.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { HOSTILE, axePath, needBrowser, openBrowser, privateFolder } from "./browser.mjs";

needBrowser();

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const axe = readFileSync(axePath(), "utf8"), folder = privateFolder();
let failed = 0, passed = 0;
const check = (name, ok, detail) => {
  if (ok) passed++;
  else {
    failed++;
    console.log(`FAILED ${name}: ${detail}`);
  }
};

const chance = (seed) => () => (seed = (seed * 48271) % 2147483647) / 2147483647;
const quoted = (value) => `"${String(value).replaceAll('"', '""')}"`;

/** Customers with gaps, people who are in twice, a proxy and a leak; `towns` are names of groups. */
const customers = (name, rows, towns, seed) => {
  const next = chance(seed), lines = ["id,gender,town,age,income,product,email,bought,refund"];
  for (let row = 0; row < rows; row++) {
    const gender = next() < 0.7 ? "f" : "m", town = towns[Math.floor(next() ** 2 * towns.length)], bought = next() < (gender === "f" ? 0.15 : 0.3) ? 1 : 0;
    lines.push([row, gender, quoted(town), next() < 0.02 ? 999 : 18 + Math.floor(next() * 60), next() < (gender === "f" ? 0.4 : 0.1) ? "" : Math.floor(next() * 50000),
      gender === "f" === next() < 0.85 ? "dress" : "shirt", row === rows - 1 ? "MAIL0@x.example" : `mail${row}@x.example`, bought, bought * 10].join(","));
  }
  writeFileSync(join(folder, `${name}.csv`), lines.join("\n") + "\n");
};
customers("plain", 1500, ["north", "south", "east", "west"], 3);
customers("hostile", 900, HOSTILE, 5);
writeFileSync(join(folder, "two.csv"), "a,b\n1,x\n2,y\n");
writeFileSync(join(folder, "population.csv"), "attribute,group,people\ngender,f,51\ngender,m,48\ngender,x,1\n");

const evenhand = (...options) => {
  const run = spawnSync(process.env.EVENHAND, options, { encoding: "utf8", cwd: folder });
  if (![0, 1, 3].includes(run.status)) throw new Error(`evenhand ${options.join(" ")} failed with ${run.status}: ${run.stderr}`);
  return run.stdout;
};
const report = (name, file, options) => {
  evenhand("check", file, "--now", "2026-11-24", "--format", "html,json", "--output", name, "--quiet", ...options);
  return { name, path: join(folder, `${name}.html`), findings: JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8")).findings.length };
};
const asked = ["--by", "gender,town,age", "--bands", "age=30,50", "--population", "population.csv", "--skip-unmatched"];
const reports = [report("plain", "plain.csv", [...asked, "--label", "bought"]), report("hostile", "hostile.csv", [...asked, "--label", "bought"]), report("two", "two.csv", ["--by", "b"])];
writeFileSync(join(folder, "repairs.yaml"), evenhand("repair", "--propose", "plain.csv", "--now", "2026-11-24", ...asked));
evenhand("repair", "repairs.yaml", "plain.csv", "--output", "repaired.csv", "--quiet");
reports.push(report("repaired", "repaired.csv", asked));

const browser = await openBrowser();
try {
  for (const { name, path, findings } of reports)
    for (const [width, colorScheme] of [[1280, "light"], [1280, "dark"], [360, "light"], [360, "dark"]])
      for (const javaScriptEnabled of [true, false]) {
        const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, javaScriptEnabled });
        const page = await context.newPage(), requests = [], place = `${name} ${width} px, ${colorScheme}${javaScriptEnabled ? "" : ", no script"}`;
        page.on("request", (request) => requests.push(request.url()));
        await page.goto(`file://${path}`);
        check(`${place}: asks for nothing`, requests.filter((url) => !url.startsWith("data:")).length === 1, requests.join(", "));
        if (javaScriptEnabled) {
          await page.evaluate(axe);
          const result = await page.evaluate((tags) => globalThis.axe.run(document, { runOnly: { type: "tag", values: tags }, resultTypes: ["violations"] }), TAGS);
          check(`${place}: axe`, result.violations.length === 0, result.violations.map((found) => `${found.id}: ${found.nodes[0].html.slice(0, 160)}`).join("\n"));
        }
        const over = await page.locator("html").evaluate((html) => html.scrollWidth - html.clientWidth);
        check(`${place}: fits`, over <= 0, `${over} px too wide`);
        const listed = await page.locator("ol.findings > li").count();
        check(`${place}: all findings`, listed === findings, `${listed} of ${findings}`);
        const cut = await page.locator("ol.findings > li").evaluateAll((items) => items.filter((item) => item.scrollWidth > item.clientWidth + 1).length);
        check(`${place}: no finding is cut`, cut === 0, `${cut}`);
        // Every chart stands in a section of its own that holds a table with its numbers.
        const alone = await page.locator("figure").evaluateAll((figures) => figures.filter((figure) => !figure.closest("section")?.querySelector("table")).length);
        check(`${place}: a table beside every chart`, alone === 0, `${alone} without`);
        check(`${place}: nothing was taken for code`, (await page.title()).startsWith("Check of data"), await page.title());
        await context.close();
      }
} finally {
  await browser.close();
}
console.log(`check report: ${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
