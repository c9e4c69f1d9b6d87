UPDATE sign_offs SET way = 'button', comment = 'looked at every line' WHERE n = 0;
