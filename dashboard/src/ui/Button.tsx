import type { ButtonHTMLAttributes, ReactNode } from "react";
import css from "./Button.module.css";

type Look = "plain" | "primary" | "danger" | "quiet";

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: Look;
  icon?: ReactNode;
}

/** For a link that looks like a button. */
export const buttonClass = (look: Look = "plain"): string => `${css.button} ${css[look]}`;

export function Button({ look = "plain", icon, children, className = "", type = "button", ...rest }: Props) {
  return (
    <button type={type} className={`${buttonClass(look)} ${children ? "" : css.bare} ${className}`} {...rest}>
      {icon}
      {children}
    </button>
  );
}
