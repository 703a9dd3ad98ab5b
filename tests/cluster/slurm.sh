#!/usr/bin/env bash
# slurm.sh BUILD SOURCE: a real Slurm of this machine's own (slurmctld and three slurmd): an array of classes, an array of parts,
# and srun with MPI give the bytes of one process. Needs root and Debian's slurm-wlm; the nightly run does it.
. "$(dirname "$0")/../product/lib.sh" "$@"
[ "$(id -u)" = 0 ] && command -v slurmctld >/dev/null && command -v slurmd >/dev/null && command -v munged >/dev/null ||
    { echo "no root, or no slurm-wlm: skipped"; exit 77; }
build=$(cd "$build" && pwd) differnet=$build/differnet source=$(cd "$source" && pwd)
host=$(hostname -s) slurm=$work/slurm daemons=()
stop() {
    for pid in "${daemons[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$work"
}
trap stop EXIT
mkdir -p "$slurm/spool" "$slurm/state" /run/munge
chmod 755 "$work" "$slurm"

# munge insists on a folder and a user of its own.
munge=$(mktemp -d /run/differnet-munge-XXXXXX)
trap 'stop; rm -rf "$munge"' EXIT
head -c 1024 /dev/urandom >"$munge/key"
chmod 400 "$munge/key" && chmod 711 "$munge"
munged --foreground --key-file="$munge/key" --socket="$munge/socket" --pid-file="$munge/pid" --log-file="$munge/log" \
    --seed-file="$munge/seed" --num-threads=2 2>"$slurm/munge.err" &
daemons+=($!)
cat >"$slurm/slurm.conf" <<CONF
ClusterName=differnet
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$munge/socket
CredType=cred/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
ReturnToService=2
SlurmctldPort=46817
SlurmctldPidFile=$slurm/ctld.pid
SlurmdPidFile=$slurm/slurmd-%n.pid
SlurmdSpoolDir=$slurm/spool/%n
TmpFS=$slurm/tmp/%n
StateSaveLocation=$slurm/state
SlurmctldLogFile=$slurm/ctld.log
SlurmdLogFile=$slurm/slurmd-%n.log
SchedulerType=sched/backfill
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
NodeName=n[1-3] NodeHostname=$host NodeAddr=127.0.0.1 Port=[46821-46823] CPUs=2 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO
CONF
export SLURM_CONF=$slurm/slurm.conf
for _ in $(seq 50); do [ -S "$munge/socket" ] && break; sleep 0.1; done
slurmctld -D >"$slurm/ctld.out" 2>&1 &
daemons+=($!)
for i in 1 2 3; do
    mkdir -p "$slurm/spool/n$i" "$slurm/tmp/n$i"
    slurmd -D -N n$i >"$slurm/slurmd$i.out" 2>&1 &
    daemons+=($!)
done
for _ in $(seq 300); do [ "$(sinfo -h -t idle -o %D 2>/dev/null)" = 3 ] && break; sleep 0.1; done
[ "$(sinfo -h -t idle -o %D)" = 3 ] || { cat "$slurm"/*.out "$slurm"/*.err "$slurm"/*.log >&2; fail "Slurm does not start"; }
echo "Slurm $(sinfo --version | cut -d' ' -f2): $(sinfo -h -o '%D nodes')"

# jobs COMMAND...: submits what examples/slurm/ holds and waits for its end.
jobs() { sbatch --wait --parsable --output="$work/job-%A_%a.txt" "$@" || { cat "$work"/job-*; fail "sbatch $*"; }; }

data=$work/data
for class in bolt nut pin; do mkdir -p "$data/$class" && cp -r "$source/dummy_dataset/dummy_class/." "$data/$class"; done
find "$data" -name '*[1-9][0-9].png' -delete
rm "$data/nut/train/good/001.png" "$data/pin/train/good/002.png"
export XDG_CACHE_HOME=$work/cache PATH=$build:$PATH
settings=$work/settings.yaml
printf '%s\n' 'img_size: [64, 64]' 'n_scales: 1' 'fc_internal: 16' 'n_coupling_blocks: 1' 'n_transforms: 2' 'n_transforms_test: 2' \
    'meta_epochs: 2' 'sub_epochs: 2' 'estimate: false' 'threads: 1' >"$settings"
cd "$work"

# An array of classes.
jobs --array=1-3 "$source/examples/slurm/classes.sh" "$data" --config "$settings" --output arrays
[ "$(grep -c ,done, arrays/DifferNet/data/summary.csv)" = 3 ] || { cat "$work"/job-*; fail "not all classes are done"; }
expect 0 differnet train --data "$data" --class all --config "$settings" --output one --quiet
for class in bolt nut pin; do
    cmp {arrays,one}/DifferNet/data/$class/v1/model.safetensors || fail "the array made another model of $class"
done
echo "an array of classes: the models of one process"

# An array of parts, and the job that joins them.
model=$work/one/DifferNet/data/bolt/v1/model.safetensors
jobs --array=0-3 "$source/examples/slurm/predict.sh" "$work/parts" "$model" "$data/bolt/test"
expect 0 differnet merge "$work"/parts/*.part --output "$work/rows.jsonl"
expect 0 differnet predict "$model" "$data/bolt/test" --quiet
plain() { sed 's/"elapsed_ms":[^,}]*//; s/"time":"[^"]*"//' "$1"; }
cmp <(plain rows.jsonl) <(plain "$work/out") || fail "the array gives other rows"
echo "an array of parts: the rows of one process"

# Arrays of a check and of a training's features.
jobs --array=1-3 --wrap "differnet check $data --quiet --set estimate=false --shard slurm >$work/check.\$SLURM_ARRAY_TASK_ID"
expect 0 differnet merge "$work"/check.[123]
cp "$work/out" findings
expect 0 differnet check "$data" --quiet --set estimate=false
cmp "$work/out" findings || fail "the array checks otherwise"
jobs --array=1-3 "$source/examples/slurm/features.sh" "$work/bank" "$data" bolt --config "$settings" --set train_rotations=bank:3
banks() { (cd "$1" && find . -name '*.bank' -exec sha256sum {} + | sort); }
XDG_CACHE_HOME=$work/merged expect 0 differnet merge "$work"/bank/*.part
XDG_CACHE_HOME=$work/single expect 0 differnet train --data "$data" --class bolt --config "$settings" --set train_rotations=bank:3 --features
cmp <(banks "$work/merged") <(banks "$work/single") || fail "the array keeps other features"
echo "arrays of a check and of features: what one process writes"

# srun with MPI over three nodes.
if srun --mpi=list 2>&1 | grep -q pmix && [ -e "$build/differnet_mpi.so" ]; then
    export OMPI_MCA_btl=self,vader,tcp OMPI_MCA_btl_tcp_if_include=lo
    expect 0 srun --mpi=pmix -N 3 -n 3 differnet train --data "$data" --class pin --config "$settings" --output mpi --quiet
    cmp {mpi,one}/DifferNet/data/pin/v1/model.safetensors || fail "srun made another model"
    cmp {mpi,one}/DifferNet/data/pin/v1/scores.csv || fail "srun made other scores"
    [ "$(grep -c image_AUROC: "$work/out")" = 1 ] || fail "not one process alone speaks"
    expect 0 srun --mpi=pmix -N 3 -n 3 differnet predict "$model" "$data/bolt/test" --quiet
    cp "$work/out" srun.jsonl
    expect 0 differnet predict "$model" "$data/bolt/test" --quiet
    cmp <(plain "$work/out") <(plain srun.jsonl) || fail "srun predicts other rows"
    echo "srun with MPI: the bytes of one process"
else
    left_out "srun has no pmix, or there is no module for MPI"
fi
