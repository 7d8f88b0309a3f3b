# Open MPI's settings by what they do, in the names of the version that is found.
# shellcheck shell=bash

# prefer NAME VALUE: sets a variable that the user has not set.
prefer() { [[ -n ${!1+set} ]] || export "$1=$2"; }

# open_mpi_version: the first number of mpirun's version; 0 where it says none, as other MPIs.
open_mpi_version() {
  local line
  line=$(mpirun --version 2>/dev/null | head -n 1) || true
  [[ $line =~ Open\ MPI\)\ ([0-9]+)\. ]] && echo "${BASH_REMATCH[1]}" || echo 0
}

# set_open_mpi WORD...: makes the settings that these words mean, but none that the user has made:
#
#   ranks  good wherever ranks share cores      local  one host: shared memory only
#   hosts  several hosts, over TCP; NETWORK=10.0.0.0/24 names their network
#
# Open MPI 4 has its own launcher, later ones have PRRTE; each ignores the other's names, so that an
# unknown version gets both.
set_open_mpi() {
  local version word
  version=$(open_mpi_version)
  # What has no name in the environment. Open MPI 5 puts a line together from what it reads of stdout
  # and of stderr: beyond 4096 bytes that come at once, results end in the log.
  # shellcheck disable=SC2034 # for the scripts that start ranks
  ((version < 5)) || mpirun=(mpirun --output :raw)
  for word in "$@"; do
    ((version >= 5)) || "set_${word}_4"
    ((version > 0 && version < 5)) || "set_${word}_5"
  done
}

set_ranks_4() {
  set_ranks
  # Where the kernel forbids single copy (containers), Open MPI 4.1 tries it for ever.
  prefer OMPI_MCA_btl_vader_single_copy_mechanism none
  # rdd divides the cores among a host's ranks itself.
  prefer OMPI_MCA_hwloc_base_binding_policy none
}

set_ranks_5() {
  set_ranks
  take_over OMPI_MCA_hwloc_base_binding_policy PRTE_MCA_hwloc_default_binding_policy none
}

set_ranks() {
  prefer OMPI_MCA_pml ob1
  # Ranks that wait leave the core to those that compute.
  prefer OMPI_MCA_mpi_yield_when_idle 1
}

# More ranks than cores are allowed.
set_local_4() {
  prefer OMPI_MCA_btl vader,self
  prefer OMPI_MCA_rmaps_base_oversubscribe 1
}

set_local_5() {
  prefer OMPI_MCA_btl sm,self
  prefer PRTE_MCA_rmaps_default_mapping_policy :oversubscribe
}

set_hosts_4() {
  prefer OMPI_MCA_btl tcp,vader,self
  set_network
  set_keepalive OMPI_MCA_oob_tcp_keepalive
}

# PRRTE 3 and PRRTE 4 have different names for the connections of their daemons. Neither hears the
# environment's OMPI_MCA_..., which it takes on the command line.
set_hosts_5() {
  prefer OMPI_MCA_btl tcp,sm,self
  set_network
  take_over OMPI_MCA_oob_tcp_if_include PRTE_MCA_prte_if_include
  set_keepalive PRTE_MCA_oob_tcp_keepalive OMPI_MCA_oob_tcp_keepalive
  set_keepalive PRTE_MCA_prte_keepalive OMPI_MCA_oob_tcp_keepalive
  # How hosts are reached, where the user says so by Open MPI 4's names.
  take_over OMPI_MCA_plm_rsh_agent PRTE_MCA_plm_ssh_agent
  take_over OMPI_MCA_plm_rsh_no_tree_spawn PRTE_MCA_plm_ssh_no_tree_spawn
}

set_network() {
  [[ -n ${NETWORK:-} ]] || return 0
  prefer OMPI_MCA_btl_tcp_if_include "$NETWORK"
  prefer OMPI_MCA_oob_tcp_if_include "$NETWORK"
}

# Open MPI's own defaults notice a lost host after eight minutes. These do after 7 to 10 s, by when
# the last question was: a cable that is cut for 5 s is none.
set_keepalive() {
  take_over "${2:-$1}_time" "$1_time" 3
  take_over "${2:-$1}_intvl" "$1_intvl" 1
  take_over "${2:-$1}_probes" "$1_probes" 7
}

# run_on_hosts WORD...: mpirun with these words; ends this shell with its exit code.
#
# mpirun of Open MPI 5.0 ends with 0 when it has lost a host, and says so on stderr: the code is 205 then,
# as Open MPI 4's. ^C reaches mpirun by itself.
run_on_hosts() {
  local job="" lost code i
  [[ ${mpirun[*]} != mpirun ]] || exec mpirun "$@"
  lost=$(mktemp)
  trap '[[ -z $job ]] || kill -USR1 "$job" 2>/dev/null || true' USR1 USR2
  trap '[[ -z $job ]] || kill -TERM "$job" 2>/dev/null || true' TERM
  trap : INT HUP
  "${mpirun[@]}" "$@" 2> >(tell_lost_host "$lost") &
  job=$!
  # A signal ends wait, not the job.
  while true; do
    code=0
    wait "$job" || code=$?
    kill -0 "$job" 2>/dev/null || break
  done
  # Who reads its words may need a moment longer.
  for ((i = 0; i < 50; i++)); do [[ -s $lost ]] || sleep 0.1; done
  [[ $code != 0 || $(<"$lost") == 0 ]] || code=205
  rm -f "$lost"
  exit "$code"
}

# tell_lost_host FILE: passes on to stderr what it reads; in FILE is then how often a host was lost.
tell_lost_host() {
  trap "" USR1 USR2 TERM INT HUP
  tee >(LC_ALL=C grep -ac "PRTE has lost communication with a remote daemon" >"$1") >&2
}

# take_over OLD NEW [VALUE]: sets NEW to what the user set by Open MPI 4's name, else to VALUE, if any.
take_over() {
  local value=${!1:-${3:-}}
  [[ -z $value ]] || prefer "$2" "$value"
}

# Words for env: without what set_open_mpi local makes.
# shellcheck disable=SC2034 # the rows of launch/faults
without_local=(
  -u OMPI_MCA_btl -u OMPI_MCA_rmaps_base_oversubscribe -u PRTE_MCA_rmaps_default_mapping_policy
)
