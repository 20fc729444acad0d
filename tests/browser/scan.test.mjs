// The report of a scan in a real browser: accessible, without script and requests, on a phone and in the dark. $EVENHAND is the program.
// Ends with 77 when there is no browser.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { SOURCE, lookAtPages, needBrowser, privateFolder } from "./browser.mjs";

needBrowser();

const FIXTURES = join(SOURCE, "tests", "golden", "fixtures"), folder = privateFolder();

const report = (name, file, options) => {
  const run = spawnSync(process.env.EVENHAND, ["scan", join(FIXTURES, file), "--format", "html", "--output", join(folder, name), "--quiet", ...options], { encoding: "utf8" });
  if (![0, 1, 3].includes(run.status)) throw new Error(`evenhand scan failed with ${run.status}: ${run.stderr}`);
  return { name, path: join(folder, `${name}.html`) };
};

process.exit(await lookAtPages("scan report", [
  report("found", "hidden.csv", ["--decision", "sent"]),
  report("nothing", "hidden.csv", ["--decision", "bought", "--over", "zip,newbie,channel"]),
  report("unsure", "few.csv", ["--decision", "sent"]),
  report("hostile", "hostile.csv", ["--decision", "sent"]),
], "Hidden groups"));
