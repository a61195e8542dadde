"""Planning problems on distribution feeders: what joins the power flow to the search."""
