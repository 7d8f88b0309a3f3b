# source launch/completion.bash: switches on tab completion in this bash for rdd and the scripts of
# launch/: commands, options, keys, networks, files and folders.
# shellcheck shell=bash

_rdd_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
_rdd_program=$_rdd_root/.build/release/rdd
[[ ! -x $_rdd_root/bin/rdd ]] || _rdd_program=$_rdd_root/bin/rdd
if [[ -x $_rdd_program ]]; then
  # shellcheck disable=SC1090 # what the program prints
  source <("$_rdd_program" --generate-completion-script bash)
else
  echo "completion.bash: found no $_rdd_program; source this again when it is built" >&2
fi

# _rdd_add WORD...: adds what compgen makes of these words.
_rdd_add() { mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen "$@" -- "$_rdd_current"); }

# _rdd_rest N: what rdd offers, as if its words began behind the N-th one here. A recipe in place of a
# command means train.
_rdd_rest() {
  local -a own=("${COMP_WORDS[@]:$1 + 1}")
  local -i place=$((COMP_CWORD - $1))
  if ((place > 1)) && [[ ${own[0]} == *[./]* ]]; then
    own=(train "${own[@]}")
    place+=1
  fi
  local -a COMP_WORDS=(rdd "${own[@]}")
  local -i COMP_CWORD=$place
  local COMP_LINE="${COMP_WORDS[*]:0:place + 1}"
  local -i COMP_POINT=${#COMP_LINE}
  ! declare -F _rdd_words >/dev/null || _rdd_words rdd "$_rdd_current" "${COMP_WORDS[place - 1]}"
  ((place > 1)) || _rdd_add -o plusdirs -f -X '!*.y*ml'
}

# _rdd_launch COMMAND CURRENT PREVIOUS: completes a command line of launch/.
_rdd_launch() {
  local _rdd_current=$2
  COMPREPLY=()
  # The value of a key: bash completes it as a file.
  [[ ${COMP_WORDS[COMP_CWORD]} != = && $3 != = ]] || return 0
  case ${1##*/} in
    local | hosts) ((COMP_CWORD < 2)) || _rdd_rest 1 ;;
    supervise)
      local -i first=1
      [[ ${COMP_WORDS[1]} != --restarts ]] || first=3
      if ((COMP_CWORD == first)); then
        _rdd_add -W 'local hosts --restarts'
      elif ((COMP_CWORD > first + 1)); then
        _rdd_rest $((first + 1))
      fi
      ;;
    quickstart)
      case $3 in
        --set) _rdd_keys ;;
        --ranks | --seed | --out) ;;
        *) _rdd_add -W '--ranks --seed --out --set --fresh --help' ;;
      esac
      ;;
  esac
}

# _rdd_keys: the keys that train takes.
_rdd_keys() {
  local -a COMP_WORDS=(launch/local 1 train a.yaml --set "$_rdd_current")
  local -i COMP_CWORD=5
  _rdd_rest 1
}

for _rdd_script in local hosts supervise quickstart; do
  complete -o default -o filenames -F _rdd_launch \
    "launch/$_rdd_script" "./launch/$_rdd_script" "$_rdd_root/launch/$_rdd_script"
done
unset _rdd_script _rdd_program _rdd_root
