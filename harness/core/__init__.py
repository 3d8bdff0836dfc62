"""The ground floor: contracts that everything else is built on."""
