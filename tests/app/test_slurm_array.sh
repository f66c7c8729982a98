#!/usr/bin/env bash
# tests/app/test_slurm_array.sh PATH_OF_SPOTGLASS_CLI
#
# A cohort predicted by packaging/slurm/predict_cohort.sbatch as an array job of a real Slurm: every slide has its table
# once, equal to that of an ordinary run; what is there is left out when the job runs again; what goes wrong is said.
# Exit code 77, a skipped test, where Slurm cannot be started.
set -uo pipefail

here=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")" && pwd -P)
if [ -z "${SPOTGLASS_TEST_IN_SLURM:-}" ]; then
    SPOTGLASS_TEST_IN_SLURM=1 exec "$here/with_slurm.sh" "$here/test_slurm_array.sh" "$@"
fi
SPOTGLASS_CLI=$1
export SPOTGLASS_CLI QT_QPA_PLATFORM=offscreen
job=$here/../../packaging/slurm/predict_cohort.sbatch
model=$here/../../resources/models/demo.safetensors
work=$(mktemp -d) || exit 1
trap 'rm -rf -- "$work"' EXIT
cd -- "$work" || exit 1

broken() {
    printf 'FAIL: %s\n' "$@"
    tail -n 30 ./*.log 2>/dev/null
    exit 1
}
# One processor a task and little memory: the two tasks run side by side on any machine.
submit() { timeout 400 sbatch --quiet --wait --cpus-per-task=1 --mem=0 "$@"; }
computed() { cat ./spotglass-*.log | grep -c 'research use only'; }

"$SPOTGLASS_CLI" synth -o cohort --sections 4 --size 1024 --seed 7 || broken "The cohort could not be made."
mkdir slides
i=0
for image in cohort/ST-imgs/*.jpg; do mv -- "$image" "slides/slide $((++i)).jpg"; done # blanks are usual
[ "$i" -eq 4 ] || broken "The cohort should have 4 sections, and has $i."
{
    printf '# the cohort\r\n\r\n'
    printf '%s\r\n' "slides/slide 1.jpg" "slides/slide 2.jpg" "$work/slides/slide 3.jpg"
    printf '%s' "slides/slide 4.jpg" # and no end of line
} >list.txt
"$SPOTGLASS_CLI" predict slides/*.jpg --model "$model" -o plain --pitch-um 100 --batch 8 || broken "The ordinary run failed."

submit --array=0-1 "$job" list.txt "$model" tables --pitch-um 100 --batch 8 || broken "The array job failed."
[ "$(find tables -type f | wc -l)" -eq 4 ] || broken "There should be 4 tables." "$(ls tables)"
for i in 1 2 3 4; do
    [ "$(wc -l <"plain/slide $i.csv")" -gt 10 ] || broken "The table of slide $i is too short to mean anything."
    cmp -- "plain/slide $i.csv" "tables/slide $i.csv" || broken "The table of slide $i differs."
    [ "$(cat ./spotglass-*.log | grep -c "^tables/slide $i.csv:")" -eq 1 ] || broken "Slide $i was not computed once."
done
grep -q '^Part 1 of 2 of 4 slides' ./spotglass-*_0.log || broken "Task 0 should take part 1."
grep -q '^Part 2 of 2 of 4 slides' ./spotglass-*_1.log || broken "Task 1 should take part 2."
grep -q '^tables/slide 3' ./spotglass-*_0.log || broken "The third slide belongs to the first part."

# Again, as after an interruption: with one table missing, and array numbers that begin elsewhere.
rm -- "tables/slide 2.csv" ./spotglass-*.log
submit --array=5-6 "$job" list.txt "$model" tables --pitch-um 100 --batch 8 || broken "The job failed when it was repeated."
cmp -- "plain/slide 2.csv" "tables/slide 2.csv" || broken "The missing table was not made again."
[ "$(computed)" -eq 1 ] || broken "One slide was missing, and $(computed) were computed."

# What goes wrong ends the job with a sentence in its log.
rm -- ./spotglass-*.log
if submit --array=0-1 "$job" missing.txt "$model" tables; then broken "A list that is missing should fail the job."; fi
grep -q "missing.txt is not there" ./spotglass-*_1.log || broken "The log should say what is missing."

# The rest without waiting for Slurm, which would set the same variables.
fails() {
    local words=$1
    shift
    if SLURM_ARRAY_TASK_COUNT=2 SLURM_ARRAY_TASK_MIN=0 SLURM_ARRAY_TASK_ID=0 env "$@" >failed.log 2>&1; then
        broken "This should have failed: $*"
    fi
    grep -q -- "$words" failed.log || broken "The log should say: $words"
}
one=SLURM_ARRAY_TASK_MAX=1
fails "no.safetensors is not there" $one "$job" list.txt no.safetensors tables
fails "have gaps" SLURM_ARRAY_TASK_MAX=2 "$job" list.txt "$model" tables
fails "Usage: sbatch" $one "$job" list.txt "$model"
: >empty.txt
fails "names no slide" $one "$job" empty.txt "$model" tables
fails "/nowhere/spotglass-cli was not found" $one SPOTGLASS_CLI=/nowhere/spotglass-cli "$job" list.txt "$model" tables
printf 'slides/slide 1.jpg\ncohort/slide 1.tif\n' >same.txt
fails "would be written to the same table" $one "$job" same.txt "$model" other
[ ! -e other ] || broken "Something was written before the list was refused."
echo "PASS: an array of 2 tasks made the tables of 4 slides."
