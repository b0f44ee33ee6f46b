#!/bin/sh
# Trains on machines that ssh reaches, one rank on each, by Open MPI: in Overfold's folder, which lies at
# the same place on all of them,
#   examples/cluster/mpirun.sh node1,node2,node3,node4 CONFIG
# ssh starts no login shell, so -x hands on the PATH that Deno is found by. The options of keepalive end
# all within 15 s where a machine or its network is gone; the timeout gives ranks time to save when
# mpirun itself is told to stop.
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
