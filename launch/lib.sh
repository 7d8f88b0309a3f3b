# What the scripts of launch/ share: packages, toolchain, build, and how ranks are started.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
rdd=$root/.build/release/rdd
# shellcheck disable=SC2034 # for the scripts that read this file; bin/rdd is launch/package's
[[ ! -x $root/bin/rdd ]] || rdd=$root/bin/rdd
# What starts ranks; set_open_mpi adds words.
# shellcheck disable=SC2034 # for the scripts that read this file
mpirun=(mpirun)
for part in "$root"/launch/lib.d/*.sh; do
  # shellcheck disable=SC1090 # the parts beside this file
  source "$part"
done

# is_package: whether this is what launch/package made: the program is there, and nothing to build.
is_package() { [[ -x $root/bin/rdd ]]; }

# say TEXT: one line on stderr, where everything but results goes.
say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

# fail CODE TEXT: ends the script; the codes are those of the README.
fail() {
  say "error: ${*:2}"
  exit "$1"
}

# keep_own_rights: gives back what the umask takes from the owner of a file. Open MPI's session folder
# would be one that nobody can use or remove.
keep_own_rights() {
  local mask allowed
  mask=$(umask)
  ((8#$mask & 8#700)) || return 0
  printf -v allowed '%04o' $((8#$mask & 8#77))
  say "umask: found $mask, which takes rights from the owner of a file; expected one like 0022; $allowed is used; set that"
  umask "$allowed"
}
keep_own_rights

# usage: the comment at the head of the script.
usage() { sed -n '2,/^\([^#]\|$\)/s/^# \{0,1\}//p' "$0"; }

# is_installed PACKAGE
is_installed() { [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed* ]]; }

# apt_get WORD...: apt-get as root, asking nothing in CI.
apt_get() {
  local -a words=(env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300)
  if ((EUID != 0)); then
    if [[ ${CI:-} == true ]]; then words=(sudo -n "${words[@]}"); else words=(sudo "${words[@]}"); fi
  fi
  "${words[@]}" "$@" >&2
}

# update_packages: the lists of what apt could install.
update_packages() {
  apt_get update || say "apt-get update failed; trying with the lists that are there"
}

# install_missing PACKAGE...: installs those Debian or Ubuntu packages that are not there yet.
install_missing() {
  local package
  local -a missing=()
  if ! command -v dpkg-query apt-get >/dev/null; then
    say "no apt-get here: expecting to find what these Debian packages hold: $*"
    return
  fi
  for package in "$@"; do
    is_installed "$package" || missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  say "installing ${missing[*]}"
  ((EUID == 0)) || command -v sudo >/dev/null \
    || fail 77 "packages: neither root nor sudo; ask for: apt-get install ${missing[*]}"
  update_packages
  apt_get install -y --no-install-recommends "${missing[@]}" \
    || fail 69 "packages: apt-get could not install ${missing[*]}; its message is above"
}

# install_stopped PACKAGE...: the same; no server that a package brings is started on this machine.
install_stopped() {
  local policy=/usr/sbin/policy-rc.d is_mine=""
  if [[ ! -e $policy && $EUID == 0 ]]; then
    is_mine=yes
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
  fi
  install_missing "$@"
  [[ -z $is_mine ]] || rm -f "$policy"
}

# install_all: everything that building and running need, except the Swift toolchain.
install_all() {
  local -a libtorch_packages
  if is_package; then
    command -v mpirun >/dev/null \
      || fail 69 "mpirun: not found on the PATH; load your site's Open MPI 4 or 5, or install openmpi-bin"
    return
  fi
  check_swift
  take_libtorch
  install_missing g++ pkg-config openmpi-bin libopenmpi-dev libdnnl-dev libpng-dev libjpeg-dev \
    libxxhash-dev "${libtorch_packages[@]}"
}

# check_swift: a toolchain that is new enough is on the PATH.
check_swift() {
  local version hint="install one from swift.org/install and put its usr/bin on the PATH"
  command -v swift >/dev/null \
    || fail 69 "swift: not found on the PATH; expected a toolchain of Swift 6.2 or newer; $hint"
  version=$(swift --version 2>&1 | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p')
  if [[ $(printf '%s\n' 6.2 "${version:-0}" | sort -V | head -n 1) != 6.2 ]]; then
    fail 69 "swift: found ${version:-no version}; expected 6.2 or newer; $hint"
  fi
}

# build_rdd: the optimised program; quick when nothing has changed.
build_rdd() {
  ! is_package || return 0
  say "building rdd (the first time takes some minutes)"
  swift build --package-path "$root" -c release --product rdd >&2
}

# prepare_ranks: Open MPI settings that are good wherever ranks share cores, and the memory back that
# dead jobs have kept: without it the next ones may not start.
prepare_ranks() {
  clear_left_behind
  set_open_mpi ranks
  # rdd has one thread for its products. OpenBLAS starts one for each core, before rdd can ask how many
  # threads there may be.
  prefer OPENBLAS_NUM_THREADS 1
  # A thread of OpenMP that waits for others spins 10,000 times, and then sleeps. libgomp itself lets it
  # spin longer: that is no faster on idle cores, and many times slower beside other work.
  [[ -n ${OMP_WAIT_POLICY+set} ]] || prefer GOMP_SPINCOUNT 10000
  if ((EUID == 0)) && [[ -z ${OMPI_ALLOW_RUN_AS_ROOT:-} ]]; then
    say "you are root: setting OMPI_ALLOW_RUN_AS_ROOT, which mpirun asks for"
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
  fi
}

# prepare_local_ranks: the same for one host: shared memory only, more ranks than cores allowed.
prepare_local_ranks() {
  prepare_ranks
  set_open_mpi local
}

# prepare_hosts: the same for several hosts, over TCP. NETWORK=10.0.0.0/24 names their network. Sets
# passed to the words of mpirun that tell the other hosts this host's settings of threads.
prepare_hosts() {
  local name
  prepare_ranks
  set_open_mpi hosts
  passed=()
  for name in OPENBLAS_NUM_THREADS OMP_NUM_THREADS OMP_WAIT_POLICY GOMP_SPINCOUNT; do
    [[ -z ${!name+set} ]] || passed+=(-x "$name")
  done
}

# tell_terminal: lets rank 0 draw on the terminal that reads stderr, wherever it runs, by its width.
tell_terminal() {
  local size=""
  unset RDD_TERMINAL
  [[ -t 2 && ${TERM:-dumb} != dumb ]] || return 0
  size=$(stty size <&2 2>/dev/null) || true
  RDD_TERMINAL=${size#* }
  [[ $RDD_TERMINAL =~ ^[1-9][0-9]*$ ]] || RDD_TERMINAL=80
  export RDD_TERMINAL
}

# goes_on CODE [SAVED]: whether a job that ended with CODE can go on from its last checkpoint. Wrong
# input (64, 65), a wrong world (69), a folder that cannot be made (73) and divergence (80) stay as they
# are; 75 means that the user asked the run to stop. Input that is missing (66) and a disk that fails
# (74) stay so too, unless SAVED is given: what was there while the run saved something, such as a
# mount, may come back.
goes_on() {
  case $1 in
    66 | 74) [[ -n ${2:-} ]] ;;
    0 | 6[459] | 7[3578] | 80) return 1 ;;
    *) return 0 ;;
  esac
}

# newest_checkpoint FOLDER: the name of a run's last one, or nothing.
newest_checkpoint() {
  [[ ! -d $1/checkpoints ]] \
    || find "$1/checkpoints" -name 'iteration_*.safetensors' -printf '%f\n' | sort -V | tail -n 1
}

# run_folder RECIPE [option...]: the folder that rdd train writes to with these words.
run_folder() {
  local folder i
  folder=runs/$(basename "${1%.*}")
  [[ ! -d $1 ]] || folder=$1
  for ((i = 1; i <= $#; i++)); do
    case ${!i} in
      --out) ((i == $#)) || folder=${*:i+1:1} ;;
      --out=*) folder=${!i#--out=} ;;
    esac
  done
  # As rdd reads it.
  [[ $folder != \~/* ]] || folder=$HOME${folder:1}
  printf '%s' "$folder"
}

# note_start FOLDER WORD...: if --fresh is among the words, and no --job, sets job_name to a name for
# rdd's --job: however often it is started, it begins anew once. A Slurm job that goes back to the queue
# keeps its name in a file beside the run folder.
job_name="" stamp=""
note_start() {
  [[ " ${*:2} " == *" --fresh "* && " ${*:2}" != *" --job"[\ =]* ]] || return 0
  read -r job_name </proc/sys/kernel/random/uuid || job_name=$(uname -n)-$$-$RANDOM-$SECONDS
  [[ -n ${SLURM_JOB_ID:-} ]] || return 0
  stamp=${1%/}.start-$SLURM_JOB_ID
  if ((${SLURM_RESTART_COUNT:-0})); then
    job_name=$(cat "$stamp" 2>/dev/null) || true
    # Whether it has begun, nobody knows then.
    [[ -n $job_name ]] || job_name=unknown
  else
    { mkdir -p "$(dirname "$stamp")" && echo "$job_name" >"$stamp"; } \
      || fail 73 "--out: $(dirname "$stamp"): no file can be made there; choose another"
  fi
}

# words_of_start WORD...: sets words to those of the next start: with the job's name, or without --fresh
# where the name is lost.
words_of_start() {
  local word
  words=()
  for word in "$@"; do
    [[ $word == --fresh && $job_name == unknown ]] || words+=("$word")
  done
  [[ -z $job_name || $job_name == unknown ]] || words+=(--job "$job_name")
}

# take_command WORD...: sets rdd_words to what rdd is started with on its ranks: a recipe, or a run's
# folder, in place of a subcommand means train. What needs no ranks becomes rdd at once: help, what
# reads what is finished, and words that rdd does not know, of which it says so.
take_command() {
  rdd_words=("$@")
  case $1 in
    --version) tell_version && exit ;;
    train | eval | predict | maps | check | parity | bench) ;;
    compare | report | convert | recipe | recipe-keys | watch | help | -h | --help) run_alone ;;
    -* | *.* | */*) rdd_words=(train "$@") ;;
    *)
      [[ -e $1 ]] || run_alone
      rdd_words=(train "$@")
      ;;
  esac
  case " $* " in
    *" -h "* | *" --help "* | " bench scaling "*) run_alone ;;
  esac
}

# run_alone: becomes rdd, as one process without MPI's launcher.
run_alone() {
  [[ -x $rdd ]] || build_rdd
  exec "$rdd" "${rdd_words[@]}"
}

# rdd_version: the number of the sources here.
rdd_version() { sed -n 's/.*version: "rdd \(.*\)".*/\1/p' "$root/Sources/7-Command/rdd/RDD.swift"; }

# tell_version: what rdd --version says, without the half second that its libraries take to load.
tell_version() {
  if is_package; then cat "$root/BUILT"; else echo "rdd $(rdd_version)"; fi
}

# require_count TEXT NAME: a number of at least 1.
require_count() {
  [[ $1 =~ ^[1-9][0-9]*$ ]] || fail 64 "$2: found '$1'; expected a number of at least 1"
}
