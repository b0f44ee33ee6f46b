#!/bin/sh
# Trains with Open MPI on machines that ssh reaches, one rank on each. Run it in Overfold's folder, which
# must have the same path on all of them:
#   examples/cluster/mpirun.sh node1,node2,node3,node4 CONFIG
# ssh starts no login shell, so -x passes on the PATH with Deno. The keepalive options end all ranks within
# 15 s if a machine or its network fails; the timeout gives ranks time to save when mpirun is stopped.
if [ $# -lt 2 ]; then
  echo "usage: $0 HOST,HOST,... CONFIG [OPTIONS]" >&2
  exit 2
fi
hosts=$1
shift
exec mpirun --host "$hosts" --map-by ppr:1:node --bind-to none -x PATH \
  --mca oob_tcp_keepalive_time 5 --mca oob_tcp_keepalive_intvl 2 --mca oob_tcp_keepalive_probes 3 \
  --mca odls_base_sigkill_timeout 60 \
  deno task train:mpi "$@" --resume
