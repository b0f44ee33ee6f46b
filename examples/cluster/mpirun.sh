#!/bin/sh
# Trains on machines that ssh reaches, one rank on each, by Open MPI: in Overfold's folder, which lies at
# the same place on all of them,
#   examples/cluster/mpirun.sh node1,node2,node3,node4 CONFIG
# The options of keepalive end all within 15 s where a machine or its network is gone; the timeout gives
# ranks time to save when mpirun itself is told to stop.
hosts=$1
shift
exec mpirun --host "$hosts" --map-by ppr:1:node --bind-to none \
  --mca oob_tcp_keepalive_time 5 --mca oob_tcp_keepalive_intvl 2 --mca oob_tcp_keepalive_probes 3 \
  --mca odls_base_sigkill_timeout 60 \
  deno task train:mpi "$@" --resume
