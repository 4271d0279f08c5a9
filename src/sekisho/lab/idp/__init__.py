"""User pools: Amazon Cognito's ``cognito-idp``, its tokens, its OAuth endpoints and its login page."""
