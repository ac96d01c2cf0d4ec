//! What is found in scripts.

use std::collections::HashSet;

use super::{arguments, head, reads};

/// Programs and the variables that they get.
fn found(script: &str) -> Vec<String> {
    let found = arguments(script, ["T", "U"].map(str::to_owned).into()).into_iter();
    found.map(|(program, range)| format!("{program} {}", &script[range.clone()][head(&script[range]).1])).collect()
}

#[test]
fn arguments_of_programs_are_found() {
    for (script, expected) in [
        ("curl -u \"me:$T\" x", &["curl T"][..]),
        ("curl -H \"A: ${T:-none}\" -d @- <body", &["curl T"]),
        ("set -e\nif ! mysql -p$T; then echo $T; fi", &["mysql T"]),
        ("X=$T ./deploy.sh --key=$T", &["./deploy.sh T"]),
        ("echo $(curl $T) && a | exec b $T", &["curl T", "b T"]),
        ("x=`curl $T`", &["curl T"]),
        ("cat <<'E' | curl -d @- $T\n$T\nE\ncurl $U", &["curl T", "curl U"]),
        ("curl 2>/dev/null $T >&2 $U", &["curl T", "curl U"]),
        ("2>&1 curl &>log $T", &["curl T"]),
        ("curl $T& a $U", &["curl T", "a U"]),
        ("diff <(curl $T) $U", &["curl T", "diff U"]),
        ("printenv $T", &["printenv T"]),
    ] {
        assert_eq!(found(script), expected, "{script}");
    }
}

#[test]
fn what_the_shell_keeps_to_itself_is_not() {
    for script in [
        "echo $T; printf %s \"$T\" | login --password-stdin",
        "export X=$T; [ -n \"$T\" ] && :",
        "login <<<\"$T\" >$T",
        "login <<E\n$T\nE",
        "curl '$T' \\$T # $T",
        "case $T in a) ;; esac; for x in $T; do :; done",
        "$T",
        "echo >&2 \"token $T\"; echo 2>&1 $T; echo &>log $T; read x <&3 $T; echo >|log $T",
        "kill $T; wait $T; type $T; pushd $T; umask $T",
    ] {
        assert_eq!(found(script), [""; 0], "{script}");
    }
}

#[test]
fn a_plain_assignment_is_followed() {
    for (script, expected) in [
        ("X=$T; curl -u \"$X\"", &["curl X"][..]),
        ("args=\"--token=$T\"; curl $args", &["curl args"]),
        ("export X=a$T\nY=$X && curl ${Y}", &["curl Y"]),
        ("args=(-u \"$T\"); args+=(x)\ncurl \"${args[@]}\"", &["curl args"]),
        ("curl ${X:+-u \"$T\"} x; curl -u \"${X:-$T}\" x; curl ${X#\"$T\"}", &["curl T", "curl T", "curl T"]),
        ("curl ${T:+-x} ${#T} ${T:-none}", &["curl T"]),
        ("X=$T; X=none; curl $X", &[]),
        ("X=$T ./deploy.sh; curl $X", &[]),
        ("X=$(login <<<$T); curl $X", &[]),
    ] {
        assert_eq!(found(script), expected, "{script}");
    }
}

#[test]
fn variables_that_are_read_are_found() {
    for (script, expected) in [
        ("echo a=$A >> \"$B\"", &["A", "B"][..]),
        ("cat >> $A <<E\n$B \\$C\nE\ncat <<'E'\n$D\nE", &["A", "B"]),
        ("x=${A##*/} y=${#B}; z=$(f \"${C}\")", &["A", "B", "C"]),
        ("A=1; echo $A; export B=2; echo $B", &[]),
        ("# $A\necho '$B' \\$C", &[]),
        ("echo ${A:-x} ${B-} ${C:+x} ${D:=x} ${E?}", &["E"]),
        // In expansions and arithmetic.
        ("x=1; f ${x:-${C}} ${x%$D} \"${x/$E/}\" \"${x[@]:$F}\" \"${x:+--ref \"$G\"}\"", &["C", "D", "E", "F", "G"]),
        ("echo $((A + 1)) $(( x = 2 )) $x; (( B > 3 )) && f; for ((i=0; i<C; i++)); do :; done", &["A", "B", "C"]),
        ("echo $'it\\'s' $A 'x' $\"$B\" $$C", &["A", "B"]),
        ("cat <<E\n\"'${A:-$B}' $(echo $C)\nE\necho $D", &["B", "C", "D"]),
        ("printenv A || printenv -0 B", &["A", "B"]),
        // The order and the scope of what is set.
        ("echo $A; A=1; echo $A", &["A"]),
        ("A=1 true; echo $A; B=1 C=$B f; D=1; echo $D", &["A"]),
        ("(A=1; echo $A); echo $A; x=$(B=1; f $B) y=`C=1; f $C`; f $B $C", &["A", "B", "C"]),
        ("f() { echo $A $B; C=1; }; A=1; f; echo $C", &["B"]),
        ("function f { echo $A; }\nA=1\ncase $A in (a) B=1;; c) C=1; esac; f $B $C", &[]),
        ("(case x in a) A=1;; esac; echo $A); echo $A", &["A"]),
        // What sets without `=`.
        ("read A; while read -r B C; do f $B $C; done; for D in a b; do f $A $D; done", &[]),
        ("printf -v A x; mapfile -t B <f; : \"${C:=/dev/null}\"; getopts ab D; f $A $B $C $D", &[]),
        // What asks whether a variable is set knows what to do where it isn't.
        ("[ -n \"$A\" ] && x || y; if [ -z $B ]; then f $B; fi; [[ -n $C && -n $D ]]; test -n \"$E\"; [ \"$F\" ]", &[]),
        ("[ \"$A\" = x ] || [ -f \"$B\" ]", &["A", "B"]),
    ] {
        let found: Vec<&str> = reads(script).into_iter().map(|(name, _)| name).collect();
        assert_eq!(found, expected, "{script}");
    }
}

proptest::proptest! {
    #[test]
    fn any_script_is_looked_at(script in "([a-z$ \"'\\\\`(){}<>|;&#\n=é]|<<|\\$\\(|\\$\\{)*") {
        for (_, range) in arguments(&script, ["a", "b", "c", "x"].map(str::to_owned).into()) {
            proptest::prop_assert!(script.is_char_boundary(range.start) && script.is_char_boundary(range.end));
        }
        reads(&script);
    }

    /// The law: what a script reads plainly before it sets it is told, whatever is around it, and nothing else is.
    #[test]
    fn what_is_read_before_it_is_set_is_told(parts in proptest::collection::vec((0..7_usize, 0..9_usize, 0..3_usize), 0..12)) {
        let (mut script, mut set, mut expected) = (String::new(), HashSet::new(), Vec::new());
        for (kind, around, name) in parts {
            let name = ["A", "B", "C"][name];
            let (text, is_read, is_set) = match kind {
                0 | 1 => (format!("${name}"), true, false),
                2 => (format!("${{{name}%x}}"), true, false),
                3 => (format!("${{{name}:-x}}"), false, false),
                4 => (format!("$(({name}+1))"), true, false),
                _ => (String::new(), false, true),
            };
            let (before, after) = [
                ("f ", ""), ("f \"", "\""), ("f ${x:-", "}"), ("f \"${x:+\"", "\"}\""), ("(f ", ")"), ("f <<E\n", "\nE"),
                ("f $(g ", ")"), ("f `g ", "`"), ("if f; then g \\} ", "; fi"),
            ][around];
            if is_set {
                let (line, lasts) = [
                    (format!("{name}=1"), true), (format!("read {name}"), true), (format!("export {name}=1"), true),
                    (format!("for {name} in a; do :; done"), true), (format!("{name}=1 f"), false), (format!("({name}=1)"), false),
                    (format!("x=$({name}=1)"), false), (format!("x=`{name}=1`"), false), (format!(": ${{{name}:=1}}"), true),
                ][around].clone();
                script += &line;
                if lasts {
                    set.insert(name);
                }
            } else {
                script.extend([before, &text, after]);
            }
            script.push('\n');
            if is_read && !set.contains(name) {
                expected.push(name);
            }
        }
        let found: Vec<&str> = reads(&script).into_iter().map(|(name, _)| name).filter(|name| *name != "x").collect();
        proptest::prop_assert_eq!(found, expected, "{}", script);
    }
}
