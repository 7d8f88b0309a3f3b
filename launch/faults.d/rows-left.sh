# Row of launch/faults about what crashes leave: shared memory, and files of Open MPI.
# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # launch/faults and support.sh set and read the rest

# A job crashes in one of four ways, and another one starts, by a script of launch/ or by mpirun alone:
# nothing of the dead one is there then. The files are noted from what its processes use, not by name.
row_left() {
  local count=4 trial made=0 stayed=0 recipe=quick path living gone=0
  local -a noted=() dead=()
  [[ -z $is_long ]] || count=100
  mkdir -p "$work/tmp"
  for ((trial = 0; trial <= count; trial++)); do
    start_for_left "left$trial" "$trial"
    wait_iteration "left$trial" 1 || fail 1 "left$trial did not start: $(last_error "left$trial")"
    for path in "${dead[@]}"; do
      [[ ! -e $path ]] || { stayed=$((stayed + 1)) && say "left after the next start: $path"; }
    done
    wait_ranks 2 || true
    mapfile -t noted < <(files_of_job)
    # The last one ends as it should.
    ((trial == count)) || crash "$trial"
    finish
    count_leftovers "${ranks[@]}"
    dead=()
    for path in "${noted[@]}"; do [[ ! -e $path ]] || dead+=("$path"); done
    ((trial == count)) || made=$((made + ${#dead[@]}))
    rm -rf "${work:?}/left$trial"
  done
  trials=$((trials + count)) stayed=$((stayed + ${#dead[@]}))
  say "$count crashes left $made files and folders"
  # Something must have been left, or the row shows nothing.
  note "$( ((stayed == 0 && made > 0)) && echo yes || echo no)" \
    "files in /dev/shm and of Open MPI after the next start" \
    "$stayed of $made, $count crashes" "0"

  # A job that runs meanwhile keeps what it uses.
  start_for_left living 0 100000
  living=$job
  wait_iteration living 1 || fail 1 "living did not start: $(last_error living)"
  wait_ranks 2 || true
  mapfile -t noted < <(files_of_job)
  for trial in 0 1; do
    start_for_left "beside$trial" "$trial"
    finish
    [[ $code == 0 ]] || gone=$((gone + 1))
  done
  for path in "${noted[@]}"; do [[ -e $path ]] || gone=$((gone + 1)); done
  is_running "$living" || gone=$((gone + 1))
  job=$living
  kill -USR1 "$job"
  finish
  note "$( [[ $gone == 0 && ${#noted[@]} -ge 3 && $code == 75 ]] && echo yes || echo no)" \
    "  while a job runs, two others start: its files stay" "$gone of ${#noted[@]} gone" "0"
}

# start_for_left NAME TRIAL [ITERATIONS]: two ranks, in turn by mpirun alone and by launch/local; sets
# job.
start_for_left() {
  local -a start=("$root/launch/local" 2)
  ((($2 / 4 + $2) % 2)) || start=(mpirun -n 2 "$rdd")
  TMPDIR=$work/tmp "${start[@]}" train "$work/$recipe.yaml" --out "$work/$1" \
    --set train.iterations="${3:-30}" --set train.checkpoint_every=0 </dev/null >>"$work/$1.log" 2>&1 &
  job=$!
}

# crash TRIAL: kills a rank, mpirun, all of them at once, or lets a rank crash.
crash() {
  case $(($1 % 4)) in
    0) kill -KILL "$job" ;;
    1) kill -KILL "${ranks[1]}" ;;
    2) kill -KILL "${ranks[@]}" "$job" ;;
    3) kill -SEGV "${ranks[0]}" ;;
  esac
}

# files_of_job: the files in shared memory that the ranks use, and mpirun's folder.
files_of_job() {
  local pid
  for pid in "${ranks[@]}"; do grep -ohs '/dev/shm/[^ ]*' "/proc/$pid/maps" || true; done | sort -u
  grep -ohs "$work/tmp/[^/ ]*/[^/ ]*" "/proc/$job/maps" | sort -u || true
}
