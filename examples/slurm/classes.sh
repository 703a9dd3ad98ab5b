#!/bin/sh
# Trains all classes of a data set as an array of jobs: sbatch --array=1-8 classes.sh DATA [OPTION...]
# The same command again trains what is new or has changed, or was not finished.
#SBATCH --job-name=differnet
#SBATCH --cpus-per-task=2
data=$1
shift
exec differnet train --data "$data" --class all --shard slurm "$@"
