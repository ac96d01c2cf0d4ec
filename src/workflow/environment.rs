//! What a step sees: the bindings around it, inner over outer.

use super::{Binding, Document, Job, Step};

/// One variable of a step.
#[derive(Debug)]
pub struct Variable<'w, V> {
    /// The name that the process sees.
    pub name: String,
    /// What is bound to it.
    pub binding: &'w Binding<V>,
}

/// The variable that carries an input: `INPUT_` and the name in capitals, with `_` for what is no letter, digit or `_`. A
/// shell can't read variables with other names.
pub fn input_name(name: &str) -> String {
    let plain = |character: char| if character.is_alphanumeric() { character } else { '_' };
    format!("INPUT_{}", name.chars().map(plain).collect::<String>().to_uppercase())
}

impl<V> Document<V> {
    /// The variables of one step: the document's, the job's, the step's own and its inputs. A name that is
    /// bound twice has the inner value and the outer's place in the order.
    pub fn environment<'w>(&'w self, job: &'w Job<V>, step: &'w Step<V>) -> Vec<Variable<'w, V>> {
        let plain = |binding: &'w Binding<V>| (binding.name.to_string(), binding);
        let outer = self.env.iter().chain(&job.env).chain(&step.env).map(plain);
        let inputs = step.with.iter().map(|binding| (input_name(&binding.name), binding));
        let mut variables: Vec<Variable<'w, V>> = Vec::new();
        let mut places = std::collections::HashMap::new();
        for (name, binding) in outer.chain(inputs) {
            if let Some(&at) = places.get(&name) {
                let variable: &mut Variable<'w, V> = &mut variables[at];
                variable.binding = binding;
            } else {
                places.insert(name.clone(), variables.len());
                variables.push(Variable { name, binding });
            }
        }
        variables
    }
}
