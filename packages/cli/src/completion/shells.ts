export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/**
 * A script that has the shell ask `program complete -- WORDS...`, which prints `value<TAB>description` and `:files`.
 *
 * Shells hand over words as they stand on the line: the scripts take the quotes off, and expand `~/` in front of the program.
 */
export const completionScript = (shell: Shell, program: string): string =>
  SCRIPTS[shell](program, program.replaceAll('-', '_'));

const SCRIPTS: Readonly<Record<Shell, (program: string, name: string) => string>> = {
  bash: (program, name) => `# ${program} completion for bash: source <(${program} completion bash)
_${name}() {
  local line action current="\${COMP_WORDS[COMP_CWORD]}" program="\${COMP_WORDS[0]/#\\~/$HOME}"
  local -a words=("\${COMP_WORDS[@]:1:COMP_CWORD-1}")
  # a word ends at the sign of --option=value
  [[ $current == "=" ]] && current=""
  COMPREPLY=()
  while IFS= read -r line; do
    case "$line" in
      :files) action=file ;;
      :folders) action=directory ;;
      :*) ;;
      *) COMPREPLY+=("\${line%%$'\\t'*}") ;;
    esac
  done < <("$program" complete -- "\${words[@]//[\\\\\\"\\']/}" "\${current//[\\\\\\"\\']/}" 2>/dev/null)
  [[ -z $action ]] && return
  # without matches readline completes names itself, quotes and ~ included
  [[ $action == file ]] && compopt -o default 2>/dev/null && return
  [[ $action == directory ]] && compopt -o dirnames 2>/dev/null && return
  # bash 3.2 of macOS has no compopt; names may have spaces
  while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -A "$action" -- "$current")
}
complete -F _${name} ${program}
`,
  zsh: (program, name) => `#compdef ${program}
# ${program} completion for zsh: source <(${program} completion zsh) behind compinit, or the file _${program} in fpath
_${name}() {
  local line value program="\${words[1]/#\\~/$HOME}"
  # 0 tells zsh that there are matches: it looks no further, for those with a typo
  local ret=1
  local -a given described
  given=("\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}")
  # only what comes after the sign of --option=value is replaced
  [[ $PREFIX == --*=* ]] && compset -P 1 '*='
  while IFS= read -r line; do
    case "$line" in
      :files) _files && ret=0 ;;
      :folders) _files -/ && ret=0 ;;
      :*) ;;
      *)
        value="\${line%%$'\\t'*}"
        described+=("\${value//:/\\\\:}:\${line#*$'\\t'}") ;;
    esac
  done < <("$program" complete -- "\${given[@]}" 2>/dev/null)
  (( \${#described} )) && _describe '${program}' described && ret=0
  return ret
}
if [[ "\${funcstack[1]}" == (_${name}|_${program}) ]]; then
  _${name} "$@"
elif (( \${+functions[compdef]} )); then
  compdef _${name} ${program}
else
  print -ru2 -- "${program} completion: zsh completes nothing before: autoload -Uz compinit && compinit"
fi
`,
  fish: (program, name) => `# ${program} completion for fish: ${program} completion fish | source
function __${name}
  set -l words (commandline -opc)
  set -l program (string replace -r -- '^~(?=/)' $HOME $words[1])
  set -l current (commandline -ct)
  # only what comes after the sign of --option=value is looked at, but the whole word is replaced
  set -l option (string match -r -- '^--[^=]+=' $current)
  for line in ($program complete -- $words[2..] (string unescape -- $current) 2>/dev/null)
    switch $line
      case ':files' ':folders'
        # what fish offers to a command that it does not know: names of files, quotes and ~ included
        set -l names (complete -C "__${name}_files "(string replace -- "$option" '' $current))
        test $line = ':folders'; and set names (string match -r -- '^[^\\t]*/(?:\\t.*)?$' $names)
        for name in $names
          echo -- "$option$name"
        end
      case ':*'
      case '*'
        echo -- "$option$line"
    end
  end
end
complete -c ${program} -f -a '(__${name})'
`,
};
