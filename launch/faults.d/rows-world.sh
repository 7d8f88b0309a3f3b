# Rows of launch/faults about ranks that do not belong together, and about full disks.
# shellcheck shell=bash
# shellcheck disable=SC2154 # launch/faults and support.sh set the rest

# One rank runs another program, or another list, or is alone: nobody trains.
row_world() {
  local good=0 count=2 list=$work/lists
  # The same program with a byte more.
  { cat "$rdd" && echo; } >"$work/other-rdd"
  chmod +x "$work/other-rdd"
  # Not as two programs of one mpirun, which Debian 13's dies of.
  # shellcheck disable=SC2016 # the ranks expand
  mpirun -n 2 bash -c '
    program=$1 && [[ $OMPI_COMM_WORLD_RANK == 0 ]] || program=$2
    exec "$program" "${@:3}"' bash \
    "$rdd" "$work/other-rdd" train "$work/tiny.yaml" --out "$work/world" \
    </dev/null >"$work/world.log" 2>&1 &
  job=$!
  finish
  if [[ $code == 69 ]] && grep -q "program: ranks 1: found another" "$work/world.log"; then
    good=$((good + 1))
  else
    say "another program: code $code: $(tail -n 3 "$work/world.log")"
  fi
  code=0
  SLURM_NTASKS=4 SLURM_PROCID=1 "$rdd" train "$work/tiny.yaml" --out "$work/world" \
    >"$work/alone.log" 2>&1 || code=$?
  if [[ $code == 69 ]] && grep -q "srun --mpi=pmix" "$work/alone.log"; then
    good=$((good + 1))
  else
    say "alone under srun: code $code: $(tail -n 3 "$work/alone.log")"
  fi
  if ((EUID == 0)) && unshare --mount true 2>/dev/null; then
    count=3
    mkdir -p "$list"
    write_list_run "$list"
    # shellcheck disable=SC2016 # the inner shell expands
    mpirun -n 2 unshare --mount bash -c '
      [[ $OMPI_COMM_WORLD_RANK == 0 ]] || mount --bind "$0/other.txt" "$0/train.txt"
      exec "$@"' \
      "$list" "$rdd" train "$list/list.yaml" --out "$work/world" </dev/null >"$work/list.log" 2>&1 &
    job=$!
    finish
    if [[ $code == 69 ]] && grep -q "data.train_list .*: ranks 1: found another" "$work/list.log"; then
      good=$((good + 1))
    else
      say "another list: code $code: $(tail -n 3 "$work/list.log")"
    fi
  fi
  trials=$((trials + count))
  note "$( ((good == count)) && echo yes || echo no)" \
    "another program, another list, srun without PMIx: code 69" "$good of $count" "all"
}

# write_list_run FOLDER: a recipe over lists; the images need not be there, since lists come first.
write_list_run() {
  local i
  for ((i = 0; i < 6; i++)); do
    echo "$i.jpg $i.png" >>"$1/train.txt"
    echo "$((5 - i)).jpg $((5 - i)).png" >>"$1/other.txt"
  done
  cp "$1/train.txt" "$1/val.txt"
  sed -e "s|kind: scenes|kind: list\n  root: $1\n  num_classes: 7|" -e '/scenes:/d' \
    "$work/tiny.yaml" >"$1/list.yaml"
}

# A file system without locks, as some of clusters are: a second start is still refused, and what a killed
# run has left is taken over.
row_locks() {
  local good=0 second=0 traced
  install_missing strace
  if ! strace -o /dev/null true 2>/dev/null; then
    skip "a file system without locks" "strace may not trace here"
    return
  fi
  without_locks </dev/null >>"$work/locks.log" 2>&1 &
  job=$! traced=$!
  wait_iteration locks 4 || fail 1 "the run without locks did not start: $(last_error locks)"
  # The job is a shell, its child the tracer, whose child the run is.
  mapfile -t ranks < <(ranks_of "$(ranks_of "$traced")")
  # It stands still meanwhile, so that it is not over before.
  kill -STOP "${ranks[@]}"
  without_locks </dev/null >"$work/second.log" 2>&1 || second=$?
  if [[ $second == 73 ]]; then
    good=$((good + 1))
  else
    say "a second start: code $second: $(tail -n 3 "$work/second.log")"
  fi
  kill -KILL "${ranks[@]}"
  finish
  count_leftovers "${ranks[@]}"
  without_locks </dev/null >>"$work/locks.log" 2>&1 &
  job=$!
  finish
  if [[ $code == 0 ]] && (($(resumed locks) > 0)) && is_golden locks && [[ ! -e $work/locks/.lock.owner ]]; then
    good=$((good + 1))
  else
    say "going on: code $code: $(last_error locks)"
  fi
  trials=$((trials + 2))
  note "$( ((good == 2)) && echo yes || echo no)" \
    "no locks: second start refused; killed, resumed: same bits" "$good of 2" "all"
}

# without_locks: the tiny recipe, each of whose locks fails as on such a file system.
without_locks() {
  strace -f --seccomp-bpf -o /dev/null -e trace=flock -e inject=flock:error=ENOLCK \
    "$rdd" train "$work/tiny.yaml" --out "$work/locks"
}

# The disk of the run folder is full: training goes on while it may, and ends with 74 when it must.
row_disk() {
  if ((EUID != 0)) || ! unshare --mount true 2>/dev/null; then
    skip "the disk is full" "needs root, for a small disk"
    return
  fi
  small_disk full
  begin full 1
  finish
  trials=$((trials + 1))
  note "$([[ $code == 74 && $(grep -c "is not saved" "$work/full.log") == 2 ]] && echo yes || echo no)" \
    "the disk is full: two checkpoints left out, then the end" "code $code" "code 74"
  small_disk room
  begin room 1
  if wait_log room "is not saved (1 in a row"; then rm -f "$work/room/ballast"; fi
  finish
  trials=$((trials + 1))
  note "$([[ $code == 0 ]] && is_golden room && echo yes || echo no)" \
    "the disk is full, then room is made" "code $code" "goes on, same bits"
  umount "$work/full" "$work/room"
}

# How long training stands still for a save, with the quickstart's student.
row_save() {
  local longest
  begin save 1 --set student.network=deeplabv3_resnet18 --set student.head_width=0 \
    --set train.iterations=4 --set train.checkpoint_every=1
  finish
  longest=$(sed -n 's/.*saved iteration [0-9]* in \([0-9.]*\) s.*/\1/p' "$work/save.log" | sort -g | tail -n 1)
  note "$(awk -v s="${longest:-9}" 'BEGIN { print s <= 1 ? "yes" : "no" }')" \
    "the pause of a save, DeepLabV3-R18 with momentum, longest of 4" "${longest:-none} s" "1 s"
}

# small_disk NAME: a run folder on a disk with room for a run, almost filled.
small_disk() {
  local size
  size=$(stat -c %s "$work/golden1/checkpoints/iteration_0000012.safetensors")
  mkdir -p "$work/$1"
  mount -t tmpfs -o "size=$((size * 6))" tmpfs "$work/$1"
  # A save wants 1.2 times the file; the run leaves three checkpoints and twice the weights.
  head -c $((size * 5)) /dev/zero >"$work/$1/ballast"
}

# wait_log NAME TEXT: until the run's log holds a text.
wait_log() {
  for ((i = 0; i < 6000; i++)); do
    grep -qF "$2" "$work/$1.log" 2>/dev/null && return 0
    kill -0 "$job" 2>/dev/null || return 1
    sleep 0.02
  done
  return 1
}
