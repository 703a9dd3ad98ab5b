#!/usr/bin/env bash
# mpirun: any number of processes give the bytes of one; one that dies or stops ends the job; --resume goes on with another number.
. "$(dirname "$0")/lib.sh" "$@"
mpi_scene
tiny=(--data "$data" --class part --threads 1 --set img_size='[64, 64]' --set n_scales=1 --set fc_internal=16
    --set n_coupling_blocks=2 --set n_transforms=2 --set n_transforms_test=4 --set batch_size=5 --set dropout=0.1
    --set transf_contrast=0.2 --val-fraction 0.2 --set estimate=false --set checkpoint_share=1 --output results)
result=results/DifferNet/data/part/v1

# ranks N FOLDER COMMAND...: N processes in a folder of their own.
ranks() {
    local count=$1 folder=$2
    shift 2
    mkdir -p "$work/$folder"
    (cd "$work/$folder" && mpirun -q -n "$count" "$@")
}

# The report names the minute in which it was written.
undated() { if [[ $1 == *.html ]]; then sed 's/20[0-9-]* [0-9:]* UTC//' "$1"; else cat "$1"; fi; }

# same A B FILE...
same() {
    local a=$1 b=$2
    shift 2
    for file in "$@"; do cmp <(undated "$work/$a/$file") <(undated "$work/$b/$file") || fail "$b: another $file"; done
}

# Fresh rotations, and a bank that the processes do not share; the report and the messages too.
for rotations in random bank:3; do
    own=("${tiny[@]}" --set meta_epochs=2 --set sub_epochs=2 --set "train_rotations=$rotations")
    mkdir -p "$work/one"
    (cd "$work/one" && expect 0 "$differnet" train "${own[@]}" && cp "$work/err" ../messages)
    for count in $([ $rotations = random ] && echo 2 4 || echo 3); do
        expect 0 ranks $count many sh -c 'XDG_CACHE_HOME=$0/$OMPI_COMM_WORLD_RANK exec "$@"' "$work/caches" "$differnet" train "${own[@]}"
        same one many $result/model.safetensors $result/scores.csv $result/roc.csv $result/metrics.json $result/report.html
        cmp <(grep -v '[0-9]/[0-9]* images' "$work/messages" | sort) <(grep -v '[0-9]/[0-9]* images' "$work/err" | sort) || { diff "$work/messages" "$work/err" >&2; fail "$count processes, $rotations: other messages"; }
        [ "$(ls "$work/many/results/DifferNet/data/part" | tr '\n' ' ')" = "latest v1 " ] || fail "not one process alone wrote"
        rm -rf "$work/many"
    done
    [ $rotations = random ] && cp -r "$work/one" "$work/fresh"
    rm -rf "$work/one" "$work/caches"
done
mv "$work/fresh" "$work/one"

# test: the same metrics and files.
(cd "$work/one" && expect 0 "$differnet" test $result --quiet --output tested && cp "$work/out" tested.txt)
cp -r "$work/one/results" "$work/caches" && mkdir -p "$work/many" && mv "$work/caches" "$work/many/results"
expect 0 ranks 3 many "$differnet" test $result --quiet --output tested
cmp "$work/out" "$work/one/tested.txt" || fail "test: other metrics"
same one many tested/scores.csv tested/metrics.json tested/report.html

# A process that is killed ends the job, whichever it is; --resume goes on with another number to the same bytes.
long=("${tiny[@]}" --quiet --set meta_epochs=12 --set sub_epochs=8)
mkdir -p "$work/whole"
(cd "$work/whole" && expect 0 "$differnet" train "${long[@]}")
for victim in 1 0; do
    rm -rf "$work/killed"
    ranks 3 killed "$differnet" train "${long[@]}" >"$work/out" 2>"$work/err" &
    job=$!
    for _ in $(seq 600); do [ -e "$work/killed/$result/checkpoint.safetensors" ] && break; sleep 0.02; done
    for pid in $(pgrep -f "^$differnet train --data $data "); do
        if tr '\0' '\n' 2>/dev/null <"/proc/$pid/environ" | grep -qx "OMPI_COMM_WORLD_RANK=$victim"; then kill -9 "$pid"; fi
    done
    if wait $job; then fail "the job has not noticed that process $victim died"; fi
    [ ! -e "$work/killed/results/DifferNet/data/part/latest" ] || fail "the training was complete before the kill"
    [ $victim = 1 ] && expect 0 ranks 2 killed "$differnet" train "${long[@]}" --resume
    [ $victim = 0 ] && (cd "$work/killed" && expect 0 "$differnet" train "${long[@]}" --resume)
    same whole killed $result/model.safetensors $result/scores.csv $result/metrics.json
done

# One that stops answering ends the job with one message after group_timeout.
ranks 3 stopped "$differnet" train "${long[@]}" --set meta_epochs=100000 --set group_timeout=2 >"$work/out" 2>"$work/err" &
job=$!
for _ in $(seq 600); do [ -e "$work/stopped/$result/checkpoint.safetensors" ] && break; sleep 0.02; done
for pid in $(pgrep -f "^$differnet train --data $data "); do
    if tr '\0' '\n' 2>/dev/null <"/proc/$pid/environ" | grep -qx "OMPI_COMM_WORLD_RANK=2"; then kill -STOP "$pid"; fi
done
if wait $job; then fail "the job has not noticed that a process stopped"; fi
[ "$(grep -c '^differnet: process' "$work/err")" = 1 ] || { cat "$work/err" >&2; fail "not one message"; }
holds "$work/err" "the others have not answered for 2 s (group_timeout)"

# A failure of one process alone is that of all, with one message that names it.
expect 1 ranks 3 failing sh -c '[ $OMPI_COMM_WORLD_RANK != 1 ] || set -- "$@" --data /nowhere; exec "$@"' - "$differnet" train "${tiny[@]}" --quiet
[ "$(grep -c '^differnet: process' "$work/err")" = 1 ] || { cat "$work/err" >&2; fail "not one message"; }
holds "$work/err" "differnet: process 1 of 3: /nowhere"
expect 1 ranks 2 failing sh -c '[ $OMPI_COMM_WORLD_RANK != 1 ] || set -- "$@" --seed 3; exec "$@"' - "$differnet" train "${tiny[@]}" --quiet
holds "$work/err" "process 1 of 2 has other settings than process 0"
# Without the module, and verbs of one process.
DIFFERNET_MPI_MODULE=/nowhere expect 1 ranks 2 failing "$differnet" train "${tiny[@]}" --quiet
holds "$work/err" "the module for MPI cannot be loaded"
expect 2 ranks 2 failing "$differnet" info "$work/one/$result/model.safetensors"
holds "$work/err" "info: runs in one process, not under mpirun"
