#!/bin/bash
# Leave one section out: how well does a model predict a section that chose nothing?
# For each section, one of the others decides when to stop (the next in the list) and the rest are trained on; the section
# itself is only reported, once as it is and once with its images shuffled among its spots.
#   resources/training/leave_one_section_out.sh COHORT CONFIG.json OUT [SECTION ...]
# Writes OUT/<section>/, OUT/<section>.json, OUT/<section>.shuffled.json and OUT/summary.json (needs python3). What is there
# already is not run again.
set -euo pipefail
cohort=$1 config=$2 out=$3
shift 3
cli=${SPOTGLASS_CLI:-$(dirname "$0")/../../build/release/bin/spotglass-cli}
sections=("$@")
if [ ${#sections[@]} -eq 0 ]; then
    for image in "$cohort"/ST-imgs/*; do
        name=$(basename "$image")
        sections+=("${name%.*}")
    done
fi
n=${#sections[@]}
[ "$n" -ge 3 ] || { echo "At least three sections are needed." >&2; exit 2; }
mkdir -p "$out"
for ((i = 0; i < n; i++)); do
    held=${sections[i]} stop=${sections[(i + 1) % n]} train=()
    for ((j = 0; j < n; j++)); do
        [ "$j" -eq "$i" ] || [ "$j" -eq $(((i + 1) % n)) ] || train+=("${sections[j]}")
    done
    [ -s "$out/$held/model.safetensors" ] || "$cli" train --cohort "$cohort" --config "$config" -o "$out/$held" \
        --train-sections "$(IFS=,; echo "${train[*]}")" --validation-sections "$stop"
    for kind in "" .shuffled; do
        [ -s "$out/$held$kind.json" ] || "$cli" evaluate --model "$out/$held/model.safetensors" --cohort "$cohort" --sections "$held" --json \
            --feature-cache "$out/features" ${kind:+--shuffle-images} >"$out/$held$kind.json"
    done
done
python3 - "$out" "${sections[@]}" <<'PYTHON'
import json, statistics, sys
out, sections = sys.argv[1], sys.argv[2:]
folds = {s: json.load(open(f"{out}/{s}.json")) for s in sections}
shuffled = {s: json.load(open(f"{out}/{s}.shuffled.json")) for s in sections}
epochs = [json.loads(open(f"{out}/{s}/events.jsonl").readlines()[-1])["best_epoch"] for s in sections]
pcc = {s: folds[s]["sections"][s]["pcc"] for s in sections}
genes = {g for f in folds.values() for g in f["pcc"]}
per_gene = {}
for g in sorted(genes):
    values = [f["pcc"][g] for f in folds.values() if f["pcc"].get(g) is not None]
    if values:
        per_gene[g] = round(sum(values) / len(values), 4)
summary = {
    "protocol": "leave one section out; the epoch chosen on another section",
    "sections": {s: round(v, 4) for s, v in pcc.items()},
    "pcc_all": round(sum(pcc.values()) / len(pcc), 4),
    "mse": round(sum(folds[s]["sections"][s]["mse"] for s in sections) / len(sections), 4),
    "pcc_all_with_images_shuffled": round(sum(shuffled[s]["sections"][s]["pcc"] for s in sections) / len(sections), 4),
    "best_epochs": epochs, "median_epoch": round(statistics.median(epochs)), "pcc": per_gene}
json.dump(summary, open(f"{out}/summary.json", "w"), indent=1)
print(json.dumps({k: v for k, v in summary.items() if k != "pcc"}, indent=1))
PYTHON
