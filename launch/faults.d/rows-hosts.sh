# Rows of launch/faults about several hosts: the lab of cluster/lab, and Slurm on it.
# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # launch/faults and support.sh set the rest

# has_lab ROW: whether this machine can make the hosts; says so in the table if not.
has_lab() {
  if ((EUID != 0)) || ! unshare --net --mount --pid --fork true 2>/dev/null; then
    skip "$1" "needs root and network namespaces"
    return 1
  fi
}

# on_hosts NAME COMMAND...: launch/hosts or launch/supervise on the lab, in the background; sets job.
on_hosts() {
  # Without the settings for one host.
  env "${without_local[@]}" RDD_LAB="$work/lab" \
    "$root/cluster/lab" run "${@:2}" "$work/lab/hostfile" "$work/tiny.yaml" \
    --out "$work/$1" </dev/null >>"$work/$1.log" 2>&1 &
  job=$!
}

# Two hosts: a cut cable ends the job, a short cut does not, and launch/supervise gets to the end.
row_hosts() {
  has_lab "two hosts over TCP" || return 0
  local begun lab=("$root/cluster/lab")
  export RDD_LAB=$work/lab
  "${lab[@]}" up 2

  on_hosts hosts-whole "$root/launch/hosts"
  finish
  if [[ $code == 0 ]] && is_golden hosts-whole; then
    note yes "2 hosts over TCP: same bits as 2 ranks on one" "the same" "the same"
  else
    note no "2 hosts over TCP: same bits as 2 ranks on one" "code $code" "the same"
  fi

  on_hosts hosts-short "$root/launch/hosts"
  wait_iteration hosts-short 3 || true
  "${lab[@]}" cut node2
  sleep 4
  "${lab[@]}" heal node2
  finish
  trials=$((trials + 1))
  if [[ $code == 0 ]] && is_golden hosts-short; then
    note yes "a cable is cut for 4 s, then healed" "goes on, same bits" "the same"
  else
    note no "a cable is cut for 4 s, then healed" "code $code" "goes on, same bits"
  fi

  on_hosts hosts-cut "$root/launch/hosts"
  wait_iteration hosts-cut 4 || true
  begun=$(now)
  "${lab[@]}" cut node2
  finish
  trials=$((trials + 1))
  sleep 8
  leftovers=$((leftovers + $(rdd_on node1) + $(rdd_on node2)))
  "${lab[@]}" heal node2
  [[ $code != hang && $code != 0 ]] || ended=$((begun + 999999))
  note "$(within $((ended - begun)) 15000)" "a host's cable is cut" \
    "$(seconds $((ended - begun))) s, code $code" "15 s"

  on_hosts supervised "$root/launch/supervise" hosts
  wait_iteration supervised 4 || true
  "${lab[@]}" cut node2
  finish
  trials=$((trials + 1))
  if [[ $code == 0 ]] && is_golden supervised; then
    note yes "supervise ends it on the host that is left" "same bits" "same bits"
  else
    note no "supervise ends it on the host that is left" "code $code" "same bits"
  fi
  "${lab[@]}" down
}

# Two hosts of two ranks each: all of a job dies at once, also those that clean up after dead ranks.
# launch/supervise starts it again, and at the end nothing is in either host's own memory.
row_hosts-left() {
  has_lab "a crash on 2 hosts: files in /dev/shm of each" || return 0
  local lab=("$root/cluster/lab") made left
  export RDD_LAB=$work/lab
  SLOTS=2 "${lab[@]}" up 2
  on_hosts hosts-left "$root/launch/supervise" hosts
  wait_iteration hosts-left 4 || true
  # node2 must not see how node1 ends.
  signal_job STOP node2
  signal_job KILL node1
  signal_job KILL node2
  # The next start comes a second later.
  wait_log hosts-left "again in" || true
  made="$(memory_on node1) and $(memory_on node2)"
  finish
  trials=$((trials + 1))
  left="$(memory_on node1) and $(memory_on node2)"
  # Something must have been left on each, or the row shows nothing.
  if [[ $code == 0 && " $made " != *" 0 "* && $left == "0 and 0" ]] && is_golden hosts-left; then
    note yes "a crash on 2 hosts: files in /dev/shm of each, same bits" "$left of $made" "0 and 0"
  else
    note no "a crash on 2 hosts: files in /dev/shm of each, same bits" \
      "$left of $made, code $code" "0 and 0"
  fi
  "${lab[@]}" down
}

# signal_job SIGNAL NODE: sends it to the ranks there and to what has started them.
signal_job() {
  # shellcheck disable=SC2016 # the host's shell expands
  "$root/cluster/lab" on "$2" bash -c \
    'kill "-$0" $(pgrep -x "rdd|mpirun|orted|prterun|prted")' "$1" || true
}

# memory_on NODE: how many files are in the host's shared memory.
memory_on() { "$root/cluster/lab" on "$1" find /dev/shm -type f | wc -l; }

# rdd_on NODE: how many processes of rdd run there.
rdd_on() { "$root/cluster/lab" on "$1" pgrep -c -x -r D,R,S,T rdd || true; }

# Slurm asks for the end before the time limit, and the job goes on after its requeue.
row_slurm() {
  has_lab "Slurm: time limit, requeue, end" || return 0
  export RDD_LAB=$work/lab
  local slurm=("$root/cluster/slurm/lab") launcher begun state good=0 count
  # Two minutes of iterations on two ranks, with the start of the run that is measured left out.
  count=$((24 * 60000 / (golden_of[2] > 2500 ? golden_of[2] - 1500 : 1000)))
  count=$((count < 150 ? 150 : count))
  "$root/cluster/lab" up 2
  "${slurm[@]}" up
  for launcher in mpirun srun; do
    # Slurm counts in minutes, and looks twice a minute; asked 30 s before, each start has a few.
    id=$("${slurm[@]}" run env "${without_local[@]}" LAUNCHER="$launcher" sbatch --parsable --time=1 \
      --signal=B:USR1@30 --output="$work/slurm-$launcher.log" "$root/cluster/slurm/train.sbatch" \
      "$work/tiny.yaml" --out "$work/slurm-$launcher" --set "train.iterations=$count")
    begun=$(now)
    state=""
    while [[ $state != COMPLETED && $state != FAILED ]] && (($(now) < begun + 400000)); do
      sleep 2
      state=$("${slurm[@]}" run scontrol show job "$id" | sed -n 's/.*JobState=\([A-Z_]*\).*/\1/p')
      # After a requeue Slurm waits for two minutes; here a few seconds do.
      if [[ $state == PENDING ]]; then
        sleep 5
        "${slurm[@]}" run scontrol update job="$id" StartTime=now || true
      fi
    done
    if [[ $state == COMPLETED ]] && grep -q "stopped by request" "$work/slurm-$launcher.log" \
      && grep -q "going on from" "$work/slurm-$launcher.log"; then
      good=$((good + 1))
    else
      say "Slurm with $launcher: $state: $(tail -n 5 "$work/slurm-$launcher.log")"
    fi
    trials=$((trials + 1))
  done
  "${slurm[@]}" down
  "$root/cluster/lab" down
  note "$( ((good == 2)) && echo yes || echo no)" \
    "Slurm (mpirun, srun): time limit, requeue, end" "$good of 2" "all"
}
