#!/bin/sh
# Scores pictures as an array of jobs, each a part: sbatch --array=1-8 predict.sh PARTS MODEL PATH...
# Then: differnet merge PARTS/*.part --output rows.jsonl
#SBATCH --job-name=differnet
#SBATCH --cpus-per-task=2
parts=$1
shift
mkdir -p "$parts"
differnet predict --shard slurm --quiet "$@" >"$parts/$SLURM_ARRAY_TASK_ID.part"
status=$?
# 1: some pictures could not be scored, and their rows say why.
[ $status -le 1 ] || exit $status
