# Trials of launch/faults by the thousand: several at a time, and a row that was stopped goes on.
# shellcheck shell=bash
# shellcheck disable=SC2154 # launch/faults and support.sh set the rest

# keep_tallies: where the trials of long rows are kept: with the build whose program they were made
# of. Short rows begin anew each time.
keep_tallies() {
  tallies=$work/tallies
  [[ -z $is_long ]] || tallies=$root/.build/faults/$(sha256sum "$rdd" | cut -c 1-16)
  mkdir -p "$tallies"
}

# each ROW FUNCTION: for each line of stdin, which begins with the trial's name, calls FUNCTION with
# its words; it prints one line about the trial. Sets tally to the file of all names and lines; what
# that holds is not done again. Sets pace to the seconds of a trial, if there was one.
each() {
  local line begun number=0 running=0 at_once=${AT_ONCE:-$(($(nproc) / 2 + 1))}
  local -a all todo=() words
  local -A known=()
  tally=$tallies/$1 pace=""
  touch "$tally"
  mapfile -t all
  while read -r line _; do known[$line]=yes; done <"$tally"
  for line in "${all[@]}"; do
    [[ -n ${known[${line%% *}]:-} ]] || todo+=("$line")
  done
  ((${#todo[@]} == ${#all[@]})) \
    || say "$1: $((${#all[@]} - ${#todo[@]})) of ${#all[@]} trials were made before: $tally"
  begun=$(now)
  for line in "${todo[@]}"; do
    read -ra words <<<"$line"
    one_trial "$2" "${words[@]}" &
    running=$((running + 1)) number=$((number + 1))
    if ((running >= at_once)); then
      wait -n || true
      running=$((running - 1))
    fi
    if ((number % 10 == 0 && ${#todo[@]} > 20)); then
      pace=$((($(now) - begun) / number))
      say "$1: $((${#all[@]} - ${#todo[@]} + number)) of ${#all[@]}, $(seconds "$pace") s each," \
        "$(((${#todo[@]} - number) * pace / 60000)) min left"
    fi
  done
  wait
  ((!number)) || pace=$(seconds $((($(now) - begun) / number)))
}

# one_trial FUNCTION NAME WORD...: in a process of its own, so that trials share no variable.
one_trial() {
  local answer
  # An error of this script leaves the trial out, and the row misses its goal.
  answer=$("$@")
  printf '%s %s\n' "$2" "$answer" >>"$tally"
}

# count_tally FIELD VALUE: how many trials have that value there; their name is field 1.
count_tally() { awk -v field="$1" -v value="$2" '$field == value { n++ } END { print n + 0 }' "$tally"; }

# sum_tally FIELD: the sum of a field over the trials.
sum_tally() { awk -v field="$1" '{ n += $field } END { print n + 0 }' "$tally"; }

# largest_tally FIELD: the largest.
largest_tally() { awk -v field="$1" '$field > n { n = $field } END { print n + 0 }' "$tally"; }
