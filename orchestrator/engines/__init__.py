"""What generates tokens, behind one narrow seam."""
