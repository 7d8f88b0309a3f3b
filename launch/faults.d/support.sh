# What the rows of launch/faults share: runs in the background, their ends, and the table.
# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # launch/faults sets work, rdd and root; the rows read ended

lines=() missed=0 leftovers=0 trials=0 completed=0 golden_of=()

# write_recipes: tiny has both stages and both networks, and takes a few seconds; quick is for trials
# by the thousand: a second, most of which is the start.
write_recipes() {
  cat >"$work/tiny.yaml" <<'END'
data:
  kind: scenes
  scenes: {width: 64, height: 32, train_count: 12, validation_count: 3}
  crop_height: 32
  crop_width: 48
student: {network: deeplab_mobile, head_width: 16}
teacher: {network: deeplabv3_resnet18, from_seed: true}
train:
  iterations: 12
  batch_size: 6
  learning_rate: 0.0005
  log_every: 1
  validate_every: 0
  checkpoint_every: 3
  watchdog_seconds: 4
  threads: 1
distill:
  warmup_iterations: 5
  ohem: {threshold: 0.05, minimum_kept: 3000}
END
  cat >"$work/quick.yaml" <<'END'
data:
  kind: scenes
  scenes: {width: 32, height: 32, train_count: 6, validation_count: 1}
  crop_height: 32
  crop_width: 32
student: {network: deeplab_mobile, head_width: 16}
teacher: {network: deeplab_mobile, from_seed: true}
train:
  iterations: 8
  batch_size: 3
  learning_rate: 0.0005
  log_every: 1
  validate_every: 0
  checkpoint_every: 1
  tensorboard: false
  threads: 1
evaluation: {pictures: 0}
distill: kd
END
}

# now: milliseconds of the clock that nobody sets.
now() {
  local uptime
  read -r uptime _ </proc/uptime
  echo "$((10#${uptime/./} * 10))"
}

# seconds MILLISECONDS: with one decimal.
seconds() { printf '%d.%d' "$(($1 / 1000))" "$(($1 % 1000 / 100))"; }

# begin NAME RANKS [option...]: starts a run of the recipe in the background; sets job.
recipe=tiny
begin() {
  mpirun -n "$2" "$rdd" train "$work/$recipe.yaml" --out "$work/$1" "${@:3}" \
    </dev/null >>"$work/$1.log" 2>&1 &
  job=$!
}

# finish: waits for the job; sets code, and ended to the time. A job that does not end in two minutes
# hangs: it is killed, and its code is "hang".
finish() {
  local deadline=$((SECONDS + 120))
  code=0
  while kill -0 "$job" 2>/dev/null; do
    if ((SECONDS > deadline)); then
      code=hang
      ranks_of "$job" | xargs -r kill -KILL "$job" 2>/dev/null || true
      break
    fi
    sleep 0.02
  done
  ended=$(now)
  if [[ $code == hang ]]; then wait "$job" || true; else wait "$job" || code=$?; fi
}

# run NAME RANKS [option...]: a run from its start, or its checkpoint, to its end; sets code.
run() {
  begin "$@"
  finish
}

# ranks_of PID: the processes that this one started; of mpirun, the ranks.
ranks_of() { pgrep -P "$1" || true; }

# wait_ranks RANKS: until mpirun has started them; sets ranks.
wait_ranks() {
  ranks=()
  for ((i = 0; i < 500; i++)); do
    mapfile -t ranks < <(ranks_of "$job")
    ((${#ranks[@]} < $1)) || return 0
    sleep 0.02
  done
  return 1
}

# wait_iteration NAME N: until the run has logged an iteration.
wait_iteration() {
  for ((i = 0; i < 3000; i++)); do
    grep -qE "iteration $2/" "$work/$1.log" 2>/dev/null && return 0
    kill -0 "$job" 2>/dev/null || return 1
    sleep 0.02
  done
  return 1
}

# is_running PID: whether the process runs; one whose end nobody has noted does not.
is_running() {
  local state
  state=$(sed -n 's/^State:\t\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null) || return 1
  [[ -n $state && $state != Z && $state != X ]]
}

# wait_gone PID...: until none of them runs, half a second at most.
wait_gone() {
  local pid
  for ((i = 0; i < 25; i++)); do
    for pid in "$@"; do
      if is_running "$pid"; then sleep 0.02 && continue 2; fi
    done
    return
  done
}

# count_leftovers PID...: adds those that still run, a moment after their job.
count_leftovers() {
  local pid
  wait_gone "$@"
  for pid in "$@"; do
    if is_running "$pid"; then
      leftovers=$((leftovers + 1))
      kill -KILL "$pid" 2>/dev/null || true
    fi
  done
}

# golden NAME: the run of the recipe that nothing happens to, on each number of ranks that the rows
# use. The weights of one rank are what every other run is held against, to the bit.
golden() {
  local name=$1 ranks begun all=yes
  for ranks in 1 2 3; do
    begun=$(now)
    run "$name$ranks" "$ranks"
    [[ $code == 0 ]] || fail 1 "a run without a fault ended with $code: $(last_error "$name$ranks")"
    golden_of[ranks]=$(($(now) - begun))
    say "without a fault, $ranks ranks: $(seconds "${golden_of[$ranks]}") s"
    is_golden "$name$ranks" "${name}1" || all=no
  done
  note "$all" "without a fault, $recipe recipe: 2 and 3 ranks like one" \
    "$([[ $all == yes ]] && echo "same bits" || echo "others")" "same bits"
}

# is_golden NAME [GOLDEN]: whether the run's last weights are those of one without a fault, to the bit.
is_golden() { cmp -s "$work/$1/student.safetensors" "$work/${2:-golden1}/student.safetensors"; }

# last_error NAME: the last line of a run's log that tells of a failure.
last_error() { grep -a "rdd: error" "$work/$1.log" | tail -n 1 || true; }

# acknowledged NAME: the last iteration that a log calls saved; 0 if there is none.
acknowledged() { sed -n 's/.*saved iteration \([0-9]*\) .*/\1/p' "$work/$1.log" | tail -n 1 | grep . || echo 0; }

# resumed NAME: from which iteration the last start went on; 0 for a new beginning.
resumed() { sed -n 's/.*going on from .*(iteration \([0-9]*\)).*/\1/p' "$work/$1.log" | tail -n 1 | grep . || echo 0; }

# note IS_GOOD NAME FOUND GOAL: a line of the table.
note() {
  local verdict=reached
  if [[ $1 != yes ]]; then
    verdict=MISSED
    missed=$((missed + 1))
  fi
  lines+=("$(printf '%-8s %-58s %-34s %s' "$verdict" "$2" "$3" "$4")")
  say "${lines[-1]}"
}

# skip NAME WHY: a line of the table about what could not run here.
skip() {
  lines+=("$(printf '%-8s %-58s %s' "not run" "$1" "$2")")
  say "${lines[-1]}"
}

# within FOUND GOAL: both in milliseconds; says yes or no.
within() { if (($1 <= $2)); then echo yes; else echo no; fi; }

report() {
  # An error of this script itself leaves a row, and must not look like success.
  ((completed == ${#wanted[@]})) \
    || note no "rows that ran to their end" "$completed of ${#wanted[@]}" "all"
  note "$( ((leftovers == 0)) && echo yes || echo no)" "processes left over" \
    "$leftovers after $trials trials" 0
  printf '%-8s %-58s %-34s %s\n' "" "fault" "found" "goal"
  printf '%s\n' "${lines[@]}"
  is_reported=1
  printf '%d rows, %d missed (SEED=%s)\n' "${#lines[@]}" "$missed" "$SEED"
  ((missed == 0))
}

# end_tree PID: kills a process that this script has started, and what that one has started.
end_tree() {
  local child
  local -a children
  mapfile -t children < <(ranks_of "$1")
  kill -KILL "$1" 2>/dev/null || true
  for child in "${children[@]}"; do end_tree "$child"; done
}

# clean_up: what a row that was interrupted left. The logs stay if something was not as it should be.
clean_up() {
  local logs=${TMPDIR:-/tmp}/rdd-faults child
  if ((missed || ! ${is_reported:-0})); then
    mkdir -p "$logs" && cp "$work"/*.log "$logs" 2>/dev/null && say "logs: $logs"
  fi
  for child in $(jobs -p); do end_tree "$child"; done
  umount "$work/full" "$work/room" 2>/dev/null || true
  [[ ! -e $work/lab/hostfile ]] || RDD_LAB=$work/lab "$root/cluster/lab" down || true
  rm -rf "$work"
}
