# Hostfiles, as people write them and as mpirun takes them.
# shellcheck shell=bash

# read_hostfile FILE: its hosts, one a line, without comments, blank lines and what editors leave (a
# byte order mark, carriage returns, blanks that do not break). A last line needs no end. Ends the
# script with one line if something else stands there than hosts.
read_hostfile() {
  local line number=0 word fault
  local -a words
  local -A given=()
  [[ -f $1 && -r $1 ]] \
    || fail 66 "hostfile: $1: found no file that can be read; see cluster/hostfile.example"
  (($(tr -dc '\000' <"$1" | wc -c) == 0)) \
    || fail 65 "hostfile: $1: found zero bytes, as in UTF-16; expected plain text; save it as UTF-8"
  while IFS= read -r line || [[ -n $line ]]; do
    number=$((number + 1)) fault=""
    read -ra words <<<"$line"
    ((${#words[@]})) || continue
    [[ ${words[0]} =~ ^[A-Za-z0-9_][A-Za-z0-9_.@%-]*$|^[A-Za-z0-9]*:.*:[A-Za-z0-9.%]*$ ]] \
      || fault="found ${words[0]@Q}; expected a host's name"
    for word in "${words[@]:1}"; do
      if [[ ! $word =~ ^[A-Za-z_-]+=[^=]+$ ]]; then
        fault=${fault:-"found ${word@Q}; expected slots=N"}
      elif [[ $word =~ ^(slots|count|cpus?)= && ! $word =~ =[1-9][0-9]{0,5}$ ]]; then
        fault=${fault:-"found ${word@Q}; expected a number of at least 1"}
      fi
    done
    if [[ ${given[${words[0]}]:-} == counted || ($line == *=* && -n ${given[${words[0]}]:-}) ]]; then
      fault=${fault:-"found ${words[0]} again; expected a host once, with all its slots"}
    fi
    [[ -z $fault ]] || fail 65 "hostfile: $1:$number: $fault; see cluster/hostfile.example"
    given[${words[0]}]=$([[ $line == *=* ]] && echo counted || echo named)
    printf '%s\n' "${words[*]}"
  done < <(hostfile_lines "$1")
  ((${#given[@]})) \
    || fail 65 "hostfile: $1: found no host; expected a line for each, as: node1 slots=2"
}

# hostfile_lines FILE: its lines, with their numbers kept, without what nobody sees or means.
hostfile_lines() {
  LC_ALL=C sed -E -e '1s/^\xef\xbb\xbf//' -e 's/\r$//' -e 's/\xc2\xa0/ /g' -e 's,(#|//).*,,' \
    -e 's/[[:space:]]*=[[:space:]]*/=/g' "$1" | tr '\r' '\n'
}

# take_hostfile FILE: sets hostfile to what mpirun is to read: the file, or a copy without what
# mpirun does not take. The copy has no name, so nothing is left of it when mpirun ends.
take_hostfile() {
  local hosts copy descriptor
  hosts=$(read_hostfile "$1") || exit
  hostfile=$1
  LC_ALL=C grep -qE $'\r|\xef\xbb\xbf|\xc2\xa0' "$1" || return 0
  copy=$(mktemp)
  printf '%s\n' "$hosts" >"$copy"
  exec {descriptor}<"$copy"
  rm -f "$copy"
  # shellcheck disable=SC2034 # the caller reads it
  hostfile=/dev/fd/$descriptor
}
