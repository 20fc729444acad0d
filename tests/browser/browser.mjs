// What the browser tests share: Chromium, the program, and lists of decisions to audit.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const SOURCE = process.env.EVENHAND_SOURCE || resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find((path) => existsSync(path));
const MODULES = join(SOURCE, "third_party", "node_modules");
export const SKIP_STATUS = 77;

/** Ends the process with 77, saying why, when there is no browser to test with. */
export const needBrowser = () => {
  const missing = !CHROMIUM ? "chromium is not installed" : !existsSync(join(MODULES, "playwright-core")) ? "third_party/node_modules is not there (run ./setup)" : null;
  if (missing) {
    console.log(`SKIPPED: ${missing}`);
    process.exit(SKIP_STATUS);
  }
};

export const openBrowser = () => {
  const { chromium } = createRequire(join(MODULES, "x.js"))("playwright-core");
  return chromium.launch({
    executablePath: CHROMIUM,
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run", "--disable-default-apps"],
  });
};

export const axePath = () => join(MODULES, "axe-core", "axe.min.js");

export const privateFolder = () => {
  const folder = mkdtempSync(join(tmpdir(), "evenhand-browser-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

/** Park and Miller's minimal generator: the same rows every time. */
const chance = (seed) => () => (seed = (seed * 48271) % 2147483647) / 2147483647;
const quoted = (value) => `"${String(value).replaceAll('"', '""')}"`;

/** A list of decisions; `names` are the groups of the attribute with free text. */
const decisions = (rows, names, seed) => {
  const next = chance(seed);
  const lines = ["age,place,channel,score,sent,bought,spend"];
  for (let row = 0; row < rows; row++) {
    const age = 18 + Math.floor(next() * 60), place = Math.floor(next() ** 2 * names.length);
    const score = Math.min(0.99, Math.max(0.01, 0.25 + 0.4 * next() + (age > 60 ? 0.15 : 0)));
    const bought = next() < score ? 1 : 0, sent = next() < 0.2 + score / 2 - (place === 1 ? 0.15 : 0) ? 1 : 0;
    lines.push([age, quoted(names[place]), next() < 0.6 ? "mail" : "post", score.toFixed(4), next() < 0.003 ? "" : sent, bought, (bought * next() * 90).toFixed(2)].join(","));
  }
  return lines.join("\n") + "\n";
};

const PLAIN = ["north", "south", "east", "west"];
export const HOSTILE = ["<script>document.title='broken'</script>", "\"><img src=x onerror=\"document.title='broken'\">", "=1+1", "line\nbreak", "tab\tand \u202Eturned",
  "\u{1F600} caf\u00e9 \u6f22\u5b57", "W".repeat(180), "&lt;b&gt; ' \" {a|b}"];

const audit = (file, output, more) => {
  const run = spawnSync(process.env.EVENHAND, ["audit", file, "--decision", "sent", "--label", "bought", "--score", "score", "--value", "spend", "--within", "channel",
    "--by", "age,place", "--bands", "age=25,40,60", "--format", "html,json", "--output", output, "--quiet", ...more], { encoding: "utf8" });
  if (![0, 1, 3].includes(run.status)) throw new Error(`evenhand audit failed with ${run.status}: ${run.stderr}`);
  return `${output}.html`;
};

/** Two reports by the program in $EVENHAND: ordinary names with an earlier report to compare with, and hostile ones. */
export const makeReports = (folder) => {
  if (!process.env.EVENHAND) throw new Error("EVENHAND must name the program");
  execFileSync(process.env.EVENHAND, ["--version"]);
  for (const [name, names, seed] of [["earlier", PLAIN, 3], ["plain", PLAIN, 7], ["hostile", HOSTILE, 11]]) writeFileSync(join(folder, `${name}.csv`), decisions(2500, names, seed));
  audit(join(folder, "earlier.csv"), join(folder, "earlier"), []);
  return [
    { name: "plain", path: audit(join(folder, "plain.csv"), join(folder, "plain"), ["--before", join(folder, "earlier.json")]) },
    { name: "hostile", path: audit(join(folder, "hostile.csv"), join(folder, "hostile"), ["--min-cell", "30"]) },
  ];
};

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/**
 * Looks at documents of one file that have no script: axe-core finds nothing, they fit a phone in light and dark, they ask for nothing.
 * pages: [{name, path}]; title: what each title begins with. Returns the exit status.
 */
export const lookAtPages = async (what, pages, title) => {
  const axe = readFileSync(axePath(), "utf8"), browser = await openBrowser();
  let failed = 0, passed = 0;
  const check = (name, ok, detail) => {
    if (ok) passed++;
    else {
      failed++;
      console.log(`FAILED ${name}: ${detail}`);
    }
  };
  try {
    for (const { name, path } of pages)
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
        check(`${place}: no script`, facts.scripts === 0 && facts.title.startsWith(title), JSON.stringify(facts));
        check(`${place}: asks for nothing`, requests.filter((url) => !url.startsWith("data:")).length === 1, requests.join(", "));
        await page.close();
      }
  } finally {
    await browser.close();
  }
  console.log(`${what}: ${passed} passed, ${failed} failed`);
  return failed ? 1 : 0;
};
