#!/usr/bin/env bash
# tests/app/with_slurm.sh COMMAND [ARGUMENT...]
#
# Runs a command beside a Slurm of its own: one node, this machine, for as long as the command takes (Debian: slurm-wlm
# and munge). Nothing of it lies outside a temporary folder, and a Slurm that the machine has is not touched: key,
# sockets, ports and configuration are its own. The exit code is the command's; 77, which stands for a skipped test,
# where Slurm is missing or cannot be started.
set -uo pipefail

if [ $# -lt 1 ]; then
    echo "Usage: tests/app/with_slurm.sh COMMAND [ARGUMENT...]" >&2
    exit 2
fi
skip() {
    printf 'SKIP: %s\n' "$*"
    exit 77
}
PATH=$PATH:/usr/sbin:/sbin
for program in slurmctld slurmd sbatch sinfo scancel munged munge; do
    command -v "$program" >/dev/null 2>&1 ||
        skip "There is no Slurm here ($program is missing); on Debian it is in the packages slurm-wlm and munge."
done
[ "$(id -u)" -eq 0 ] || skip "A Slurm for this test can be started only by the administrator."

folder=$(mktemp -d) || exit 1
chmod 755 "$folder" # munge wants to be reached by everybody
daemons=()
clean_up() {
    trap - EXIT INT TERM HUP
    if [ ${#daemons[@]} -gt 1 ]; then timeout 20 scancel --full --user=root 2>/dev/null; fi
    local i
    for ((i = ${#daemons[@]} - 1; i >= 0; --i)); do # munge last: the others speak through it
        kill "${daemons[i]}" 2>/dev/null
        wait "${daemons[i]}" 2>/dev/null
    done
    rm -rf -- "$folder"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

# The daemons go too when this script is killed without a chance to clean up.
bound=()
if command -v setpriv >/dev/null 2>&1; then bound=(setpriv --pdeathsig TERM); fi
start() {
    "${bound[@]}" "$@" >>"$folder/daemons.log" 2>&1 &
    daemons+=($!)
}
# Waits until a command succeeds: at most 30 seconds, and not for a daemon that has ended.
until_works() {
    local i
    for ((i = 0; i < 300; ++i)); do
        "$@" >/dev/null 2>&1 && return 0
        kill -0 "${daemons[-1]}" 2>/dev/null || return 1
        sleep 0.1
    done
    return 1
}
cannot() {
    tail -n 20 "$folder"/*.log 2>/dev/null
    skip "$* could not be started here; its last words are above."
}

mkdir "$folder/state" "$folder/spool" "$folder/munge"
head -c 1024 /dev/urandom >"$folder/munge/key" && chmod 400 "$folder/munge/key"
socket=$folder/munge/socket
start munged --foreground --socket="$socket" --key-file="$folder/munge/key" --pid-file="$folder/munge/pid" \
    --log-file="$folder/munge.log" --seed-file="$folder/munge/seed"
until_works munge --socket="$socket" --no-input || cannot "munge"

host=$(hostname -s)
port=$((20000 + RANDOM % 20000))
memory=$(($(sed -n -e 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo) / 1024 - 256))
cat >"$folder/slurm.conf" <<END
ClusterName=spotglass-test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
AuthType=auth/munge
AuthInfo=socket=$socket
CredType=cred/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=1,batch_sched_delay=0
MpiDefault=none
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
ReturnToService=2
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(getconf _NPROCESSORS_ONLN) RealMemory=$memory State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
END
export SLURM_CONF=$folder/slurm.conf
unset "${!SBATCH_@}" "${!SLURM_JOB@}" "${!SLURM_ARRAY@}"
start slurmctld -D -f "$SLURM_CONF"
until_works timeout 5 sinfo || cannot "Slurm's controller"
start slurmd -D -f "$SLURM_CONF"
node_is_idle() { timeout 5 sinfo -h -o %T | grep -qx idle; }
until_works node_is_idle || cannot "Slurm's node"

"$@"
