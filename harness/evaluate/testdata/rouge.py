"""Writes rouge.json: ROUGE-L F-measures by the rouge-score package, on texts made here."""
import json
import random

from rouge_score import rouge_scorer

r = random.Random(1)
scorer = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=False)
words = "the cat sat on a mat, and Then IT ran away! 12 times; café naïve it's end. don't".split()
rows = []
for _ in range(200):
    a = " ".join(r.choice(words) for _ in range(r.randint(0, 12)))
    b = " ".join(r.choice(words) for _ in range(r.randint(0, 12)))
    rows.append({"output": a, "reference": b, "f": scorer.score(b, a)["rougeL"].fmeasure})
json.dump(rows, open("rouge.json", "w"), indent=0)
