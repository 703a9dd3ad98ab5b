#!/bin/sh
# Computes the features that a training keeps as an array of jobs: sbatch --array=1-8 features.sh PARTS DATA CLASS [OPTION...]
# Then: differnet merge PARTS/*.part, which fills the cache, and the training with the same options.
#SBATCH --job-name=differnet
#SBATCH --cpus-per-task=2
parts=$1 data=$2 class=$3
shift 3
mkdir -p "$parts"
exec differnet train --data "$data" --class "$class" --features --shard slurm --quiet "$@" >"$parts/$SLURM_ARRAY_TASK_ID.part"
