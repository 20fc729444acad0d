// Model cards in a real browser: of an outcome, fair from inside, of what an offer changes, with hostile names. $EVENHAND is the program.
// Ends with 77 when there is no browser.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { HOSTILE, SOURCE, lookAtPages, needBrowser, privateFolder } from "./browser.mjs";

needBrowser();

const CAMPAIGN = join(SOURCE, "tests", "golden", "fixtures", "campaign.csv"), folder = privateFolder();

/** Trains with a report; the cards that it wrote. */
const cards = (name, file, options, extensions = [".html"]) => {
  const prefix = join(folder, name);
  const run = spawnSync(process.env.EVENHAND, ["train", `${prefix}-model.json`, "--data", file, "--report", prefix, "--bags", "8", "--rounds", "60", "--quiet", ...options],
    { encoding: "utf8" });
  if (run.status !== 0) throw new Error(`evenhand train failed with ${run.status}: ${run.stderr}`);
  return extensions.map((extension) => ({ name: `${name}${extension}`, path: `${prefix}${extension}` }));
};

const rows = ["sex,age,\"<b>place</b>\",arm,bought"];
for (let i = 0; i < 1200; i++)
  rows.push(`${i % 3 === 0 ? "f" : "<u>m</u>"},${18 + (i * 7) % 60},"${HOSTILE[(i * 5) % HOSTILE.length].replaceAll('"', '""')}",${["none", "ten", "<i>ship</i>"][(i * 11 + (i >> 3)) % 3]},${(i * i + (i >> 2)) % 5 === 0 ? 1 : 0}`);
const hostile = join(folder, "hostile.csv");
writeFileSync(hostile, rows.join("\n") + "\n");

process.exit(await lookAtPages("model card", [
  ...cards("fair", CAMPAIGN, ["--label", "bought", "--features", "age,region,score,spend", "--protected", "gender", "--constraint", "selection_rate<=0.05",
    "--frontier", "--purpose", "who is sent the catalogue", "--says", "age=Your age"]),
  ...cards("plain", CAMPAIGN, ["--label", "bought", "--features", "age,region,spend", "--folds", "0"]),
  ...cards("hostile", hostile, ["--label", "bought", "--features", 'age,"<b>place</b>"', "--name", HOSTILE[0]]),
  ...cards("uplift", hostile, ["--label", "bought", "--features", 'age,"<b>place</b>"', "--treatment", "arm", "--control", "none", "--protected", "sex"],
    ["-ten.html", "-_i_ship__i_.html"]),
], "Model card"));
