/*
 * The official conformance tests of CEL (github.com/cel-expr/cel-spec v0.25, Apache-2.0, from npm @bufbuild/cel-spec by ./setup) against
 * `evenhand cel --lines`: every test that needs no protobuf message, first as it would run in production (parsed and run), then with the
 * type checker before it where the test does not turn that off. Skipped tests are counted by reason. Exit 77 when the tests are not there.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

const source = process.env.EVENHAND_SOURCE, folder = `${source}/third_party/cel-spec`;
if (!existsSync(`${folder}/conformance.mjs`)) {
    console.log("skipped: third_party/cel-spec is not there; ./setup brings it");
    process.exit(77);
}
const { tests } = await import(`${folder}/conformance.mjs`);

/* Why a test is not run, or nothing. */
const messageFiles = new Set(["proto2", "proto3", "proto2_ext", "enums", "dynamic", "wrappers"]);
function skipReason(file, test) {
    if (messageFiles.has(file)) return "its file is about protobuf messages, enums or wrappers";
    const text = JSON.stringify([test.expr, test.bindings, test.typeEnv, test.value, test.typedResult]);
    const wellKnown = test.expr.replaceAll(/google\.protobuf\.(Timestamp|Duration)/g, "");
    if (/TestAllTypes|messageType|google\.protobuf\./.test(text.replaceAll(/google\.protobuf\.(Timestamp|Duration)/g, "")) ||
        /proto2|proto3/.test(text) || wellKnown.includes("google.protobuf."))
        return "it needs a protobuf message";
    if (/enumValue|GlobalEnum|NestedEnum/.test(text)) return "it needs a protobuf enum";
    if (test.unknown) return "it wants a set of unknowns";
    return undefined;
}

function collect(file, suite, into) {
    for (const test of suite.tests ?? []) into.push({ file, suite: suite.name, test: test.original });
    for (const inner of suite.suites ?? []) collect(file, inner, into);
}

/* Values as one comparable text: numbers by value, maps without order. */
function normal(value) {
    if (Array.isArray(value)) return `[${value.map(normal)}]`;
    if (value === null || typeof value !== "object") return JSON.stringify(value);
    if ("doubleValue" in value) return `double ${Number(value.doubleValue)}`;
    if ("mapValue" in value)
        return `map {${(value.mapValue.entries ?? []).map((entry) => `${normal(entry.key)}: ${normal(entry.value)}`).sort()}}`;
    if ("listValue" in value) return `list ${normal(value.listValue.values ?? [])}`;
    return `{${Object.keys(value).sort().map((key) => `${key}: ${normal(value[key])}`)}}`;
}

function passes(test, answer, typed) {
    if (test.evalError) return "error" in answer;
    if (test.typedResult) {
        const { result, deducedType } = test.typedResult;
        const valueFits = result === undefined || ("value" in answer && normal(answer.value) === normal(result));
        return valueFits && (!typed || normal(answer.type) === normal(deducedType));
    }
    return "value" in answer && normal(answer.value) === normal(test.value ?? { boolValue: true });
}

function ask(lines) {
    const done = spawnSync(process.env.EVENHAND, ["cel", "--lines"],
        { input: lines.map((line) => JSON.stringify(line)).join("\n"), encoding: "utf8", maxBuffer: 1 << 28 });
    if (done.status !== 0) {
        console.log(done.stderr);
        process.exit(1);
    }
    return done.stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
}

const all = [], skipped = new Map();
for (const suite of tests.suites) collect(suite.name, suite, all);
const use = all.filter(({ file, test }) => {
    const reason = skipReason(file, test);
    if (reason) skipped.set(reason, (skipped.get(reason) ?? 0) + 1);
    return reason === undefined;
});

/* Two types of the checker's own tests have a number of parameters that no type of a policy has. */
const beyond = new Set(["multiple_parameters_generality", "multiple_parameters_generality_2"]);

let failed = 0;
for (const typed of [false, true]) {
    const perFile = new Map();
    const run = use.filter(({ test }) => typed || !test.checkOnly).filter(({ test }) => !beyond.has(test.name));
    const answers = ask(run.map(({ test }) => ({
        expr: test.expr, bindings: test.bindings, container: test.container, disable_macros: test.disableMacros,
        ...(typed ? { check: true, check_only: test.checkOnly, disable_check: test.disableCheck, type_env: test.typeEnv } : {}),
    })));
    run.forEach(({ file, suite, test }, index) => {
        const counts = perFile.get(file) ?? { passed: 0, of: 0 }, good = passes(test, answers[index], typed);
        counts.of++;
        counts.passed += good;
        perFile.set(file, counts);
        failed += !good;
        if (!good) console.log(`FAILED ${file}/${suite}/${test.name}: ${test.expr}\n  got ${JSON.stringify(answers[index])}`);
    });
    console.log(typed ? "checked, then run:" : "parsed and run:");
    let passed = 0, of = 0;
    for (const [file, counts] of perFile) {
        console.log(`  ${file}: ${counts.passed} of ${counts.of}`);
        passed += counts.passed;
        of += counts.of;
    }
    console.log(`  all: ${passed} of ${of}`);
}
for (const [reason, count] of skipped) console.log(`skipped ${count}: ${reason}`);
console.log(`skipped ${beyond.size}: an abstract type with three parameters, which no declaration of a policy can make`);
process.exit(failed > 0 ? 1 : 0);
