#!/bin/sh
# Trains one class on several machines: sbatch -N 4 train.sh DATA CLASS [OPTION...]
# One task a machine, with all its processors; needs Open MPI and differnet_mpi.so on every machine.
#SBATCH --job-name=differnet
#SBATCH --ntasks-per-node=1
#SBATCH --exclusive
data=$1 class=$2
shift 2
exec srun --mpi=pmix --kill-on-bad-exit=1 differnet train --data "$data" --class "$class" "$@"
