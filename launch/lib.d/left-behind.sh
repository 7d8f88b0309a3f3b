# What MPI jobs that died left on this host: found, and removed before the next start.
# shellcheck shell=bash

# left_behind [MEMORY [FOLDER...]]: the shared memory (below MEMORY, /dev/shm) and the session folders
# (below each FOLDER, TMPDIR and /tmp) of MPI jobs of this user that are dead, a zero byte after each.
#
# Nothing counts that a process has mapped or open, and no folder whose mpirun or daemon lives: its
# name holds the process's number. The list is made before anybody is asked what he uses, so a job
# that starts meanwhile is not in it. It reads nothing but its arguments, TMPDIR and the system, since
# it is also sent to other hosts. Sources/3-Ranks/DataParallel/LeftBehind.swift does the same.
left_behind() (
  shopt -s nullglob
  memory=${1:-/dev/shm} sees_all=""
  [[ -r /proc/self/maps ]] || exit 0
  if [[ $(readlink /proc/self/ns/pid) == "pid:[4026531836]" ]]; then
    sees_all=yes
  elif [[ $(readlink /proc/self/ns/ipc) == "ipc:[4026531839]" ]]; then
    # A container that shares the machine's memory, but does not see who uses it.
    exit 0
  fi
  places=("${@:2}")
  ((${#places[@]})) || places=("${TMPDIR:-/tmp}")
  (($# > 1)) || [[ ${TMPDIR:-/tmp} == /tmp ]] || places+=(/tmp)

  # As Open MPI calls this host: its name, or the part before the first dot.
  host=$(uname -n)
  host="(${host//./\\.}|${host%%.*})"
  # Open MPI 4, then the shapes of Open MPI 5 and later. The last group is the owner's number.
  shared="^(vader_segment|sm_segment|osc_rdma|osc_sm)\.$host\."
  sessions=(
    "^ompi\.$host\.$EUID/pid\.([0-9]+)\$"
    "^ompi\.$host\.$EUID/jf\.[1-9][0-9]*\$"
    "^prte\.$host\.$EUID/dvm\.([0-9]+)\$"
    "^(prterun|prted|prte|ompi)\.$host\.([0-9]+)\.$EUID\$"
    "^(prterun|prted)\.$host\.([0-9]+)\$"
    "^pmix-gds-shmem.*\.$host-.*[^0-9]([0-9]+)\$"
    # Without the host's name: it may be another host's where a folder is shared with a container.
    ${sees_all:+"^(ompi|prterun|prted)\.([0-9]+)\$"}
  )

  paths=() marks=() owners=()
  for path in "$memory"/*; do
    if [[ ${path##*/} =~ $shared && -f $path && -O $path && ! -L $path ]]; then
      paths+=("$path") marks+=("${path##*/}") owners+=("")
    fi
  done
  for place in "${places[@]}"; do
    for path in "$place"/{ompi,prte,pmix-gds-shmem}* "$place"/{ompi,prte}.*/{pid,dvm,jf}.*; do
      name=${path#"$place/"}
      [[ -O $path && ! -L $path ]] || continue
      [[ $name != */* || (-O ${path%/*} && ! -L ${path%/*}) ]] || continue
      for pattern in "${sessions[@]}"; do
        [[ $name =~ $pattern ]] || continue
        owner=${BASH_REMATCH[-1]} mark=$name
        [[ ! -d $path ]] || mark+=/
        if [[ ! $owner =~ ^[0-9]+$ ]]; then
          # A daemon's folder without its number: one that is being made has nothing open yet.
          owner=""
          (($(date +%s) - $(stat -c %Y "$path" || date +%s) >= 60)) || break
        fi
        paths+=("$path") marks+=("$mark") owners+=("$owner")
        break
      done
    done
  done
  ((${#paths[@]})) || exit 0

  used=$(
    {
      grep -ohsF -f <(printf '%s\n' "${marks[@]}") /proc/[0-9]*/maps
      find /proc/[0-9]*/fd -maxdepth 1 -type l -printf '%l\n' 2>/dev/null \
        | grep -oF -f <(printf '%s\n' "${marks[@]}")
    } | sort -u
  ) || true
  for i in "${!paths[@]}"; do
    [[ $'\n'$used$'\n' != *$'\n'"${marks[i]}"$'\n'* ]] || continue
    # A number may be used again; another program is not the owner.
    [[ -z ${owners[i]} || $(cat "/proc/${owners[i]}/comm" 2>/dev/null) != @(*mpi*|orte*|prte*|*run) ]] \
      || continue
    printf '%s\0' "${paths[i]}"
  done
)

# clear_left_behind [MEMORY [FOLDER...]]: removes it, and says so if there was any.
clear_left_behind() {
  local -a paths
  mapfile -t -d '' paths < <(left_behind "$@")
  ((${#paths[@]})) || return 0
  rm -rf -- "${paths[@]}" 2>/dev/null || true
  say "removed what MPI jobs that died left on $(uname -n): ${#paths[@]} files and folders"
}
