# Long commands report themselves to NotifyHub. In ~/.zshrc: eval "$(notifyhub shell-init zsh)"
if [[ -o interactive && -z ${__notifyhub_loaded-} ]]; then
  typeset -g __notifyhub_loaded=1 __notifyhub_start= __notifyhub_command=
  zmodload zsh/datetime
  autoload -Uz add-zsh-hook

  __notifyhub_preexec() {
    __notifyhub_start=$EPOCHSECONDS
    __notifyhub_command=$2
    # What is kept out of the history is not told either.
    [[ -o hist_ignore_space && $1 == ' '* ]] && __notifyhub_command=
    return 0
  }

  __notifyhub_precmd() {
    local notifyhub_status=$? notifyhub_min=${${NOTIFYHUB_MIN:-30}%s} notifyhub_seconds
    [[ $notifyhub_min == <-> ]] || notifyhub_min=30
    if [[ -n $__notifyhub_start ]]; then
      ((notifyhub_seconds = EPOCHSECONDS - __notifyhub_start))
      if ((notifyhub_seconds >= notifyhub_min)); then
        (command notifyhub shell-report --status $notifyhub_status --seconds $notifyhub_seconds \
          -- "$__notifyhub_command" </dev/null >/dev/null 2>&1 &)
      fi
    fi
    __notifyhub_start= __notifyhub_command=
    return $notifyhub_status
  }

  add-zsh-hook preexec __notifyhub_preexec
  add-zsh-hook precmd __notifyhub_precmd
fi
