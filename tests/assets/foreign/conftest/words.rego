# METADATA
# custom:
#   input: conftest
package words

import rego.v1

holds(command, word) if word in split(concat(" ", command.Value), " ")
