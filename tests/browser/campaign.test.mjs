// Campaign reports in a real browser: ordinary, and with hostile names of groups and campaign. $EVENHAND is the program. Ends with 77 without a browser.
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { SOURCE, lookAtPages, needBrowser, privateFolder } from "./browser.mjs";

needBrowser();

const folder = privateFolder();
const report = (name) => {
  const place = join(folder, name);
  mkdirSync(place);
  const run = spawnSync("python3", [join(SOURCE, "tests", "journey", "shop.py"), place, name], { encoding: "utf8" });
  if (run.status !== 0) throw new Error(`no report: ${run.stderr}`);
  return { name, path: join(place, "report.html") };
};

process.exit(await lookAtPages("campaign report", [report("plain"), report("hostile")], "Campaign report"));
