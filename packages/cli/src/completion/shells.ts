export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** A script that has the shell ask `program complete -- WORDS...`, which prints `value<TAB>description` and `:files`. */
export const completionScript = (shell: Shell, program: string): string =>
  SCRIPTS[shell](program, program.replaceAll('-', '_'));

const SCRIPTS: Readonly<Record<Shell, (program: string, name: string) => string>> = {
  bash: (program, name) => `# ${program} completion for bash: source <(${program} completion bash)
_${name}() {
  local line action current="\${COMP_WORDS[COMP_CWORD]}"
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
  done < <("\${COMP_WORDS[0]}" complete -- "\${COMP_WORDS[@]:1:COMP_CWORD-1}" "$current" 2>/dev/null)
  [[ -z $action ]] && return
  # names may have spaces
  while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -A "$action" -- "$current")
  compopt -o filenames 2>/dev/null
}
complete -F _${name} ${program}
`,
  zsh: (program, name) => `#compdef ${program}
# ${program} completion for zsh: source <(${program} completion zsh)
_${name}() {
  local line value
  local -a described
  while IFS= read -r line; do
    case "$line" in
      :files) _files ;;
      :folders) _files -/ ;;
      :*) ;;
      *)
        value="\${line%%$'\\t'*}"
        described+=("\${value//:/\\\\:}:\${line#*$'\\t'}") ;;
    esac
  done < <("\${words[1]}" complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  (( \${#described} )) && _describe '${program}' described
}
if [[ "\${funcstack[1]}" == "_${name}" ]]; then _${name} "$@"; else compdef _${name} ${program}; fi
`,
  fish: (program, name) => `# ${program} completion for fish: ${program} completion fish | source
function __${name}
  set -l words (commandline -opc)
  for line in ($words[1] complete -- $words[2..] (commandline -ct) 2>/dev/null)
    switch $line
      case ':files'
        __fish_complete_path (commandline -ct)
      case ':folders'
        __fish_complete_directories (commandline -ct)
      case ':*'
      case '*'
        echo $line
    end
  end
end
complete -c ${program} -f -a '(__${name})'
`,
};
