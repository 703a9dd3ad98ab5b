#!/usr/bin/env bash
# namespaces.sh BUILD SOURCE: mpirun over four network namespaces with addresses of their own, joined by 1 Gbit/s and 1 ms (netem):
# the bytes of one process, how many bytes a step sends, a process that is killed and a link that is cut. Needs root, iproute2 and
# Open MPI; about three minutes, so the nightly run does it.
. "$(dirname "$0")/../product/lib.sh" "$@"
command -v mpirun >/dev/null && command -v tc >/dev/null && [ "$(id -u)" = 0 ] && [ -e "$build/differnet_mpi.so" ] ||
    { echo "no root, no tc or no mpirun: skipped"; exit 77; }
build=$(cd "$build" && pwd) differnet=$build/differnet
shaped=yes nodes=4 bridge=dnb$$
name() { echo "dn$$-$1"; }
remove() {
    for i in $(seq $nodes); do ip netns del "$(name "$i")" 2>/dev/null || true; done
    ip link del $bridge 2>/dev/null || true
    rm -rf "$work"
}
trap remove EXIT
ip link add $bridge type bridge 2>/dev/null && ip link set $bridge up || { echo "no network namespaces here: skipped"; exit 77; }
for i in $(seq $nodes); do
    ip netns add "$(name "$i")"
    ip link add dnv$$$i type veth peer name eth0 netns "$(name "$i")"
    ip link set dnv$$$i master $bridge up
    ip -n "$(name "$i")" addr add 10.99.0.$i/24 dev eth0
    ip -n "$(name "$i")" link set eth0 up
    ip -n "$(name "$i")" link set lo up
    # Half of the millisecond on each side of the way.
    ip netns exec "$(name "$i")" tc qdisc add dev eth0 root netem delay 0.5ms rate 1gbit 2>/dev/null ||
        { shaped=no && ip netns exec "$(name "$i")" tc qdisc add dev eth0 root tbf rate 1gbit burst 256kb latency 50ms; }
done

[ $shaped = yes ] || left_out "this kernel has no netem: 1 Gbit/s without the millisecond"

# What mpirun calls instead of ssh: HOST COMMAND...; each "machine" has its name, or Open MPI would use shared memory.
cat >"$work/agent" <<AGENT
#!/bin/sh
number=\${1##*.}; shift
exec ip netns exec dn$$-\$number unshare --uts sh -c "hostname node\$number; \$*"
AGENT
chmod +x "$work/agent"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
hosts=$(seq -s, -f '10.99.0.%g' $nodes)
over() { # N COMMAND...
    local count=$1
    shift
    ip netns exec "$(name 1)" unshare --uts sh -c 'hostname node1; exec "$@"' - mpirun -q -n "$count" --host "$hosts" --map-by node \
        --mca plm_rsh_agent "$work/agent" --mca btl tcp,self --mca btl_tcp_if_include 10.99.0.0/24 \
        --mca oob_tcp_keepalive_time 5 --mca oob_tcp_keepalive_intvl 2 --mca oob_tcp_keepalive_probes 2 \
        --mca oob_tcp_if_include 10.99.0.0/24 -x OMPI_ALLOW_RUN_AS_ROOT -x OMPI_ALLOW_RUN_AS_ROOT_CONFIRM -x XDG_CACHE_HOME "$@"
}
sent() { ip netns exec "$(name "$1")" cat /sys/class/net/eth0/statistics/tx_bytes; }

mkdir -p "$work/data/part"
cp -r "$source/dummy_dataset/dummy_class/." "$work/data/part"
tiny=(--data "$work/data" --class part --quiet --threads 1 --set img_size='[64, 64]' --set n_scales=1 --set fc_internal=64
    --set n_coupling_blocks=2 --set n_transforms=4 --set n_transforms_test=4 --set batch_size=8 --set meta_epochs=4
    --set sub_epochs=4 --set estimate=false --set checkpoint_share=1)
cd "$work"
expect 0 "$differnet" train "${tiny[@]}" --output one
for count in 2 3 4; do
    before=$(sent 2)
    begun=$(date +%s%N)
    expect 0 over $count "$differnet" train "${tiny[@]}" --output "many$count"
    ms=$((($(date +%s%N) - begun) / 1000000))
    for file in model.safetensors scores.csv metrics.json roc.csv; do
        cmp one/DifferNet/data/part/v1/$file "many$count/DifferNet/data/part/v1/$file" || fail "$count machines: another $file"
    done
    steps=$((4 * 4 * ($(find data/part/train/good -type f | wc -l) + 7) / 8))
    echo "$count machines: the same bytes, $ms ms, $((($(sent 2) - before) / steps)) bytes a step sent by the second"
done

# The other verbs, and what the network is worth.
plain() { sed 's/"elapsed_ms":[^,}]*//; s/"time":"[^"]*"//' "$1"; }
model=$work/one/DifferNet/data/part/v1
expect 0 "$differnet" predict "$model" "$work/data/part" --quiet
cp "$work/out" rows
expect 0 over 4 "$differnet" predict "$model" "$work/data/part" --quiet
cmp <(plain "$work/out") <(plain rows) || fail "predict over four machines: other rows"
expect 0 "$differnet" check "$work/data" --quiet --set estimate=false
cp "$work/out" findings
expect 0 over 4 "$differnet" check "$work/data" --quiet --set estimate=false
cmp "$work/out" findings || fail "check over four machines: other findings"
for count in 2 4; do
    expect 0 over $count "$differnet" benchmark
    echo "$count machines gather: $(tr -s ' ' <"$work/out" | grep -E '^ ?[0-9]+ [0-9.]+$' | tr '\n' ';'; sed -n 's/^link: / link /p' "$work/out")"
done

pid_of() { # RANK
    for pid in $(pgrep -f "^$differnet train --data $work/data "); do
        if tr "\0" "\n" 2>/dev/null <"/proc/$pid/environ" | grep -qx "OMPI_COMM_WORLD_RANK=$1"; then echo "$pid"; fi
    done
}
begin() { # FOLDER OPTION...: a training that would not end, until its first checkpoint is there.
    folder=$1
    shift
    over 4 "$differnet" train "${tiny[@]}" --set meta_epochs=100000 --output "$folder" "$@" >"$work/out" 2>"$work/err" &
    job=$!
    for _ in $(seq 1200); do [ -e "$folder/DifferNet/data/part/v1/checkpoint.safetensors" ] && return; sleep 0.05; done
    fail "no checkpoint"
}
begin killed
kill -9 "$(pid_of 2)"
begun=$(date +%s)
if wait $job; then fail "the job has not noticed that a process died"; fi
echo "a killed process: the job ended after $(($(date +%s) - begun)) s"

# Behind the cut nobody can be told: that process ends itself after the same time, and mpirun when it gives its connection up.
begin cut --set group_timeout=5
ip link set dnv$$3 nomaster
begun=$(date +%s)
for _ in $(seq 600); do [ -z "$(pid_of 0)$(pid_of 1)$(pid_of 2)$(pid_of 3)" ] && break; sleep 0.1; done
[ -z "$(pid_of 0)$(pid_of 1)$(pid_of 2)$(pid_of 3)" ] || { cat "$work/err" >&2; fail "processes $(pid_of 0) $(pid_of 1) $(pid_of 2) $(pid_of 3) hang"; }
echo "a cut link: all processes ended after $(($(date +%s) - begun)) s with:"
grep '^differnet: process' "$work/err" || { cat "$work/err" >&2; fail "no message"; }
for _ in $(seq 300); do kill -0 $job 2>/dev/null || break; sleep 0.1; done
echo "mpirun itself: $(($(date +%s) - begun)) s$(kill -0 $job 2>/dev/null && echo ', and still waits for its own connection')"
for pid in $(pgrep -P $job); do kill -9 "$pid"; done
