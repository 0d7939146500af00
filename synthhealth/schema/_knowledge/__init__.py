"""What is known of blood analytes, units and LOINC codes."""
