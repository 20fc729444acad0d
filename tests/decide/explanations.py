#!/usr/bin/env python3
"""Goal: explanations are true, whole and can be read. Over 500 decisions here; `explanations.py --all` takes 10,000 (docs/explanations.md has its figures).

$PROVE is prove_explanations. Readability of the pages as shown, proper names and all: English by Flesch and Kincaid (grade <= 8), German by the fourth Vienna
formula for texts (grade <= 8), French by Kandel and Moles, Spanish by Fernandez Huerta (both: 60 is "standard", read at 13 or 14).
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from shop import Shop  # noqa: E402

VOWELS = {"en": "[aeiouy]+", "de": "[aeiouyäöü]+", "fr": "[aeiouyàâéèêëîïôûùœæ]+", "es": "[aeiouáéíóúü]+"}


def syllables(word, language):
    word = word.lower()
    count = len(re.findall(VOWELS[language], word))
    if language == "en" and re.search(r"[^aeiouyl]e$", word) and count > 1:
        count -= 1
    if language == "fr" and re.search(r"[^aeiouyé](e|es|ent)$", word) and count > 1:
        count -= 1
    return max(1, count)


def measures(text, language):
    sentences = [s for s in re.split(r"[.!?]+\s", text) if re.search(r"\w", s)]
    words = re.findall(r"[^\W\d_]+(?:[-’'][^\W\d_]+)*", text)
    count = [syllables(word, language) for word in words]
    per_sentence, per_word = len(words) / len(sentences), sum(count) / len(words)
    if language == "en":
        return "Flesch-Kincaid grade", 0.39 * per_sentence + 11.8 * per_word - 15.59, lambda x: x <= 8
    if language == "de":
        return "fourth Vienna formula, grade", 0.2656 * per_sentence + 0.2744 * 100 * sum(c >= 3 for c in count) / len(words) - 1.693, lambda x: x <= 8
    if language == "fr":
        return "Kandel and Moles", 207 - 1.015 * per_sentence - 73.6 * per_word, lambda x: x >= 60
    return "Fernandez Huerta", 206.84 - 60 * per_word - 1.02 * per_sentence, lambda x: x >= 60


def main(arguments):
    everything = arguments == ["--all"]
    wanted = 10000 if everything else 500
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="evenhand-explain-") as name:
        shop = Shop(name, people=11500 if everything else 700, seed=3, budget="1600" if everything else "120").open()
        plan = shop.plan()["plan"]
        said = subprocess.run([os.environ["PROVE"], name, plan, str(wanted), f"{name}/pages"], capture_output=True, text=True, check=True).stdout
        for line in said.splitlines():
            what, right, of = re.match(r"(.*?):? (\d+) (\d+)$", line).groups()
            good = right == of or what == "has a counterfactual"
            wrong += not good
            print(f"{'' if good else 'WRONG '}{what}: {right} of {of}")
        for language in VOWELS:
            name_of, value, fits = measures(pathlib.Path(f"{name}/pages.{language}").read_text(encoding="utf-8"), language)
            wrong += not fits(value)
            print(f"{'' if fits(value) else 'WRONG '}readability, {language}: {name_of} {value:.1f}")
        person = shop.people[0]["customer_id"]
        for form, schema in (("json", "why"), ("trace", "trace")):
            document = json.loads(shop.run("why", plan, "--person", person, "--format", form))
            try:
                import jsonschema
            except ImportError:
                continue
            source = pathlib.Path(os.environ.get("EVENHAND_SOURCE", pathlib.Path(__file__).resolve().parent.parent.parent))
            jsonschema.Draft202012Validator(json.loads((source / "docs" / f"{schema}.schema.json").read_text(encoding="utf-8"))).validate(document)
    return 1 if wrong else 0


sys.exit(main(sys.argv[1:]))
