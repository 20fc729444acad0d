// The conditions of bench/policy.c in @marcbachmann/cel-js: node bench/policy_peer/cel.mjs PACKAGES ROWS ROUNDS < conditions. The best of the rounds, nanoseconds per answer.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { join } from "node:path";

const [packages, rowsPath, rounds] = process.argv.slice(2);
const home = join(packages, "node_modules", "@marcbachmann", "cel-js");
const { Environment } = await import(pathToFileURL(join(home, JSON.parse(readFileSync(join(home, "package.json"), "utf8")).main ?? "lib/index.js")).href);
const rows = readFileSync(rowsPath, "utf8").trim().split("\n").map((line) => {
    const row = JSON.parse(line);
    return { ...row, age: BigInt(row.age), days: BigInt(row.days) };
});
const environment = new Environment().registerVariable("age", "int").registerVariable("country", "string").registerVariable("days", "int")
    .registerVariable("spend", "double").registerVariable("out", "bool");
for (const condition of readFileSync(0, "utf8").trim().split("\n")) {
    const program = environment.parse(condition);
    let best = Infinity, yes = 0;
    for (let round = 0; round < Number(rounds); round++) {
        let count = 0;
        const start = process.hrtime.bigint();
        for (const row of rows)
            count += program(row) === true ? 1 : 0;
        best = Math.min(best, Number(process.hrtime.bigint() - start) / rows.length);
        yes = count;
    }
    console.log(`cel-js\t${condition}\t${best.toFixed(1)}\t${yes}`);
}
