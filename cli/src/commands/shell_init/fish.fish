# Long commands report themselves to NotifyHub. In ~/.config/fish/config.fish: notifyhub shell-init fish | source
if status is-interactive; and not set -q __notifyhub_loaded
    set -g __notifyhub_loaded 1

    function __notifyhub_postexec --on-event fish_postexec
        set -l notifyhub_status $status
        set -l notifyhub_seconds (math --scale=0 "$CMD_DURATION / 1000")
        set -l notifyhub_min 30
        string match -qr '^[0-9]+s?$' -- "$NOTIFYHUB_MIN"; and set notifyhub_min (string trim -c s -- $NOTIFYHUB_MIN)
        if test $notifyhub_seconds -ge $notifyhub_min
            set -l notifyhub_command $argv[1]
            # What is kept out of the history is not told either.
            string match -q ' *' -- $notifyhub_command; and set notifyhub_command ''
            sh -c '(notifyhub shell-report "$@" </dev/null >/dev/null 2>&1 &)' sh \
                --status $notifyhub_status --seconds $notifyhub_seconds -- "$notifyhub_command"
        end
        return $notifyhub_status
    end
end
