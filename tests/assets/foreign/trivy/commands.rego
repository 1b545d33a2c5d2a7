# METADATA
# custom:
#   library: true
#   input:
#     selector:
#     - type: dockerfile
package lib.commands

import rego.v1

named(name) := [command | some stage in input.Stages; some command in stage.Commands; command.Cmd == name]
