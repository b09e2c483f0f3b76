// What was interrupted goes on by itself; without JavaScript its button is pressed.
document.querySelector("form[data-go-on]").requestSubmit();
