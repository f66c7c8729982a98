#!/usr/bin/env bash
# tests/app/test_slurm_train.sh PATH_OF_SPOTGLASS_CLI
#
# A model trained by packaging/slurm/train.sbatch in two tasks of a real Slurm: one run, told once; the job submitted
# again goes on from its checkpoint. Exit code 77, a skipped test, where Slurm cannot be started.
set -uo pipefail

here=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")" && pwd -P)
if [ -z "${SPOTGLASS_TEST_IN_SLURM:-}" ]; then
    SPOTGLASS_TEST_IN_SLURM=1 exec "$here/with_slurm.sh" "$here/test_slurm_train.sh" "$@"
fi
SPOTGLASS_CLI=$1
export SPOTGLASS_CLI QT_QPA_PLATFORM=offscreen
job=$here/../../packaging/slurm/train.sbatch
if [ "$(getconf _NPROCESSORS_ONLN)" -lt 2 ]; then
    echo "SKIP: two tasks side by side need two processors."
    exit 77
fi
work=$(mktemp -d) || exit 1
trap 'rm -rf -- "$work"' EXIT
cd -- "$work" || exit 1

broken() {
    printf 'FAIL: %s\n' "$@"
    tail -n 30 ./*.log 2>/dev/null
    exit 1
}
submit() { timeout 400 sbatch --quiet --wait --ntasks-per-node=2 --cpus-per-task=1 --mem=0 "$@"; }

"$SPOTGLASS_CLI" synth -o cohort --sections 2 --size 1536 --seed 7 || broken "The cohort could not be made."
cat >settings.json <<'END'
{"model": {"emb_dim_target": 16, "emb_dim": 128, "emb_dim_text": 16, "depth1": 1, "depth2": 2, "depth3": 1, "depth_img": 1,
 "depth_exp": 1, "depth_text": 1}, "patch_pixels": 64, "panel": {"size": 6, "minimum_total": 1, "must_have": ["FN1"]},
 "batch": 8, "maximum_epochs": 2, "name": "Tiny"}
END

submit "$job" cohort settings.json run || broken "The job failed."
[ -s run/model.safetensors ] || broken "There should be a model."
grep -q '^2 tasks on ' ./spotglass-train-*.log || broken "The job should have had 2 tasks."
[ "$(grep -c '^Epoch ' ./spotglass-train-*.log)" -eq 2 ] || broken "Two epochs should be told once each."
[ "$(grep -c '"event":"epoch"' run/events.jsonl)" -eq 2 ] || broken "The events should hold two epochs."
"$SPOTGLASS_CLI" model info run/model.safetensors --json >card.json || broken "The model cannot be read."
grep -q "Tiny" card.json || broken "The model should have its name."

# Submitted again: nothing is left to do, and the same model comes out.
cp run/model.safetensors before.safetensors
rm -- ./spotglass-train-*.log
submit "$job" cohort settings.json run || broken "The job failed when it was submitted again."
grep -q 'Going on with epoch 3' ./spotglass-train-*.log || broken "It should have gone on from its checkpoint."
cmp before.safetensors run/model.safetensors || broken "The model changed."

# What goes wrong ends the job with a sentence in its log.
rm -- ./spotglass-train-*.log
if submit "$job" cohort missing.json other; then broken "Settings that are missing should fail the job."; fi
grep -q "missing.json are not there" ./spotglass-train-*.log || broken "The log should say what is missing."
echo "PASS: two tasks trained one model."
