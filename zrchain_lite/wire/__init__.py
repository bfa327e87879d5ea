"""Generated from proto/ by scripts/compile_proto.py. Do not edit."""
