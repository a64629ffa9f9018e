"""The pages that people see. All of them work without JavaScript."""
