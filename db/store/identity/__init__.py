"""Who a contact is: learnt from pages and files, merged, or asked of a person."""
