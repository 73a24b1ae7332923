# Long commands report themselves to NotifyHub. In ~/.bashrc, near its end: eval "$(notifyhub shell-init bash)"
# PS0, which is expanded before a command is run, notes when; a DEBUG trap that removes itself notes which, if nobody
# else has one; PROMPT_COMMAND comes after it.
if [[ $- == *i* && -z ${__notifyhub_loaded-} ]] &&
  ((BASH_VERSINFO[0] > 4 || BASH_VERSINFO[0] == 4 && BASH_VERSINFO[1] >= 4)); then
  __notifyhub_loaded=1
  __notifyhub_start=
  __notifyhub_command=

  # What runs before the command itself, completions and prompts, is none. Not a function: what that does with the trap is
  # undone when it returns. The last argument ($_) is the command's to use.
  __notifyhub_trap='__notifyhub_last=$_
    if [[ -n $__notifyhub_start ]]; then __notifyhub_command=$BASH_COMMAND; trap - DEBUG; fi
    : "$__notifyhub_last"'

  # The number that the next line of the history will have.
  __notifyhub_number='\!'
  __notifyhub_before=

  __notifyhub_prompt() {
    __notifyhub_status=$?
    local notifyhub_min=${NOTIFYHUB_MIN:-30} notifyhub_seconds notifyhub_last
    notifyhub_min=${notifyhub_min%s}
    [[ $notifyhub_min == *[!0-9]* || -z $notifyhub_min ]] && notifyhub_min=30
    if [[ -n $__notifyhub_start ]]; then
      notifyhub_seconds=$((SECONDS - __notifyhub_start))
      if ((notifyhub_seconds >= 10#$notifyhub_min)); then
        notifyhub_last=$(HISTTIMEFORMAT='' builtin history 1)
        notifyhub_last=${notifyhub_last#*[0-9]  }
        if [[ ${__notifyhub_number@P} != "$__notifyhub_before" ]]; then
          # Somebody else may have the trap.
          __notifyhub_command=${__notifyhub_command:-$notifyhub_last}
        elif [[ $notifyhub_last != *"$__notifyhub_command"* ]]; then
          # It is kept out of the history, and it is not the last one again: it is not told either.
          __notifyhub_command=
        fi
        (command notifyhub shell-report --status "$__notifyhub_status" --seconds "$notifyhub_seconds" \
          -- "$__notifyhub_command" </dev/null >/dev/null 2>&1 &)
      fi
    fi
    __notifyhub_start=
    __notifyhub_command=
    __notifyhub_before=${__notifyhub_number@P}
  }

  __notifyhub_end() {
    return "$__notifyhub_status"
  }

  # In a function the traps of others do not show.
  __notifyhub_prompt_command='__notifyhub_prompt
    [[ -n $(trap -p DEBUG) ]] || trap "$__notifyhub_trap" DEBUG
    __notifyhub_end'
  PS0="${PS0-}"'${__notifyhub_none[__notifyhub_start=SECONDS]-}'
  if [[ $(declare -p PROMPT_COMMAND 2>/dev/null) == "declare -a"* ]]; then
    PROMPT_COMMAND=("$__notifyhub_prompt_command" "${PROMPT_COMMAND[@]}")
  else
    PROMPT_COMMAND=$__notifyhub_prompt_command${PROMPT_COMMAND:+$'\n'$PROMPT_COMMAND}
  fi
fi
